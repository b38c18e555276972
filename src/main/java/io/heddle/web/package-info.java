/**
 * What every major of the protocol shares over HTTP: who calls, how much a request may carry, and
 * the closed error envelope on every answer that is not a success.
 */
@NullMarked
package io.heddle.web;

import org.jspecify.annotations.NullMarked;
