/**
 * The one HTTP client of the host. Every call it makes to another system passes here, where the
 * addresses it would connect to are checked and then connected to, and no others.
 */
@NullMarked
package io.heddle.egress;

import org.jspecify.annotations.NullMarked;
