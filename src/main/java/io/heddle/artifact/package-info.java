/** What nodes produced and readers ask for by its id. It is written with the step of the node. */
@NullMarked
package io.heddle.artifact;

import org.jspecify.annotations.NullMarked;
