/**
 * The one JSON reader and writer of the host. Everything a client or a file sends is read here,
 * strictly, into maps, lists and scalars; a fault carries the JSON pointer of its place.
 */
@NullMarked
package io.heddle.json;

import org.jspecify.annotations.NullMarked;
