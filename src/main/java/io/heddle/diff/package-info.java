/** How two runs differ: event by event, and in what they came to. */
@NullMarked
package io.heddle.diff;

import org.jspecify.annotations.NullMarked;
