/**
 * The side effects of nodes: what each is known by, who performs it, and what it came to. Of all
 * executors that reach one effect, the one whose claim is stored performs it.
 */
@NullMarked
package io.heddle.effect;

import org.jspecify.annotations.NullMarked;
