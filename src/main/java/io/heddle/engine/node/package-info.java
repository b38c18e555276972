/** The node types every host carries. */
@NullMarked
package io.heddle.engine.node;

import org.jspecify.annotations.NullMarked;
