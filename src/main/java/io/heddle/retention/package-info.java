/** How long what has ended is kept, and what deletes it then. */
@NullMarked
package io.heddle.retention;

import org.jspecify.annotations.NullMarked;
