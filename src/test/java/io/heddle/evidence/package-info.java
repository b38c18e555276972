/**
 * What the published conformance suite says of this host, and where that is written down. Run by
 * {@code ./mvnw -Pconformance verify}.
 */
package io.heddle.evidence;
