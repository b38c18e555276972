/** What people and agents think of a run: kept beside its log, without secrets, bounded. */
@NullMarked
package io.heddle.feedback;

import org.jspecify.annotations.NullMarked;
