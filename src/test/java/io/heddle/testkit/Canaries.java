package io.heddle.testkit;

import java.util.List;

/** Credentials that open nothing, in every shape that a host has to know. */
public final class Canaries {

  /** A part of each of them that must be seen nowhere either. */
  public static final String MARKER = "CANARY-openwop-CONFORMANCE-NEVER-SECRET";

  public static final String OPENAI = "sk-" + MARKER + "-openai";

  public static final String ANTHROPIC = "sk-ant-" + MARKER + "-anthropic";

  public static final String GOOGLE = "AIza" + MARKER + "google";

  public static final String JWT =
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ." + MARKER + "-jwt-signature-xyz";

  public static final String REFERENCE = "cred_" + MARKER + "-reference";

  public static final List<String> ALL = List.of(OPENAI, ANTHROPIC, GOOGLE, JWT, REFERENCE);

  private Canaries() {}
}
