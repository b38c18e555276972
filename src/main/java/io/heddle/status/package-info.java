/** How a host and its neighbours are, for the people who operate them. */
@NullMarked
package io.heddle.status;

import org.jspecify.annotations.NullMarked;
