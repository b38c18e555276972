/**
 * Values that every store takes as an argument, so that no statement can forget whose data it
 * touches.
 */
@NullMarked
package io.heddle.tenancy;

import org.jspecify.annotations.NullMarked;
