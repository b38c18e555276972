/** Meters of the host. They listen to outcomes; nobody waits for them. */
@NullMarked
package io.heddle.metrics;

import org.jspecify.annotations.NullMarked;
