/** Records the answer of a mutation in the transaction of the mutation, and replays it. */
@NullMarked
package io.heddle.idempotency;

import org.jspecify.annotations.NullMarked;
