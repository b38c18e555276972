/** What was done to a tenant's data and by whom, in a log that cannot be changed unnoticed. */
@NullMarked
package io.heddle.audit;

import org.jspecify.annotations.NullMarked;
