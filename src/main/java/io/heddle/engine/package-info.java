/**
 * Turns a run's state and its definition into the next step. Knows neither HTTP nor SQL nor the
 * wire.
 */
@NullMarked
package io.heddle.engine;

import org.jspecify.annotations.NullMarked;
