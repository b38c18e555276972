/** What runs ask of people and other systems, and how answers reach them [interrupt.md]. */
@NullMarked
package io.heddle.interrupt;

import org.jspecify.annotations.NullMarked;
