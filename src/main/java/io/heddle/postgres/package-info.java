/**
 * All SQL of the host. One class per aggregate, one statement per intent, each statement readable
 * as it runs.
 */
@NullMarked
package io.heddle.postgres;

import org.jspecify.annotations.NullMarked;
