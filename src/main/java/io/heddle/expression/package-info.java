/**
 * Expressions and regular expressions that authors of workflows write: compiled once, and bounded
 * in what one evaluation may cost. The same values give the same result on every host node.
 */
@NullMarked
package io.heddle.expression;

import org.jspecify.annotations.NullMarked;
