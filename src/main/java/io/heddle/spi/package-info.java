/**
 * What an embedder implements and sees: node executors, authenticators, workflow sources. JDK and
 * JSpecify types only; JSON appears as maps, lists, strings, numbers, booleans and null. This
 * package and the property names are the public promise of Heddle.
 */
@NullMarked
package io.heddle.spi;

import org.jspecify.annotations.NullMarked;
