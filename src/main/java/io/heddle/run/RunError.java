package io.heddle.run;

/**
 * Why a run or a node failed.
 *
 * @param code machine-readable
 * @param message for people, without secrets
 */
public record RunError(String code, String message) {}
