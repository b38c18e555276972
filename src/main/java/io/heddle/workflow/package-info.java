/**
 * Workflow definitions: parsed and validated whole, stored as immutable revisions, found by the
 * registry.
 */
@NullMarked
package io.heddle.workflow;

import org.jspecify.annotations.NullMarked;
