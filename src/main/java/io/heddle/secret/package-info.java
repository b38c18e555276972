/** Secrets of the host itself, sealed before they reach the database. */
@NullMarked
package io.heddle.secret;

import org.jspecify.annotations.NullMarked;
