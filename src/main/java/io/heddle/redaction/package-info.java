/** Keeps what looks like a secret out of what the host stores or shows. */
@NullMarked
package io.heddle.redaction;

import org.jspecify.annotations.NullMarked;
