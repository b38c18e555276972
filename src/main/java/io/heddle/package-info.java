/** The host as a server of its own: its entry point and the environment its operators know. */
@NullMarked
package io.heddle;

import org.jspecify.annotations.NullMarked;
