package io.heddle.schema;

/**
 * One thing that a schema does not allow. Quotes no value that was held against it.
 *
 * @param pointer JSON pointer (RFC 6901) of the place; empty for the whole
 * @param problem what the place must or must not be, as a predicate
 */
public record Violation(String pointer, String problem) {}
