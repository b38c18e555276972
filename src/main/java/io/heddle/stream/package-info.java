/** How readers of a run's log learn that it grew. */
@NullMarked
package io.heddle.stream;

import org.jspecify.annotations.NullMarked;
