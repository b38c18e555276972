/**
 * JSON Schema 2020-12 for what authors of workflows let callers send: checked, compiled and bounded
 * before a value is held against it. Nothing is ever fetched.
 */
@NullMarked
package io.heddle.schema;

import org.jspecify.annotations.NullMarked;
