/**
 * The run: its row, its append-only log, its status machine, and the port through which both change
 * together.
 */
@NullMarked
package io.heddle.run;

import org.jspecify.annotations.NullMarked;
