/** Tells other systems what happens to runs, signed so that they can tell who says it. */
@NullMarked
package io.heddle.webhook;

import org.jspecify.annotations.NullMarked;
