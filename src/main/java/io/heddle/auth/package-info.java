/** API keys: who holds which, compared without telling how close a guess came. */
@NullMarked
package io.heddle.auth;

import org.jspecify.annotations.NullMarked;
