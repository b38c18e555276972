/**
 * Traces of runs. What a run did is read from its log after its end, so nothing is told that was
 * not committed, whichever nodes executed the run and however often one of them died.
 */
@NullMarked
package io.heddle.telemetry;

import org.jspecify.annotations.NullMarked;
