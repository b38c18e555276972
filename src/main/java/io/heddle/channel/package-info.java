/**
 * Typed channels of runs: what a workflow declares of them, who may use them, and how a value that
 * is written and the value that is there make the next one. Knows nothing of runs or storage.
 */
@NullMarked
package io.heddle.channel;

import org.jspecify.annotations.NullMarked;
