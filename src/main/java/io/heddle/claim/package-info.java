/**
 * Who executes which run: node liveness, fenced claims, recovery of orphans, and the slots of this
 * node.
 */
@NullMarked
package io.heddle.claim;

import org.jspecify.annotations.NullMarked;
