/**
 * For applications that carry a host: checks in their tests that their executors keep to what
 * {@link io.heddle.spi.NodeExecutor} asks of them. Needs no database and no test framework.
 */
@NullMarked
package io.heddle.kit;

import org.jspecify.annotations.NullMarked;
