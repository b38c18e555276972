/**
 * Major 1 of the protocol: its controllers, its documents and the one mapping between the domain's
 * names and the wire's spelling.
 */
@NullMarked
package io.heddle.web.v1;

import org.jspecify.annotations.NullMarked;
