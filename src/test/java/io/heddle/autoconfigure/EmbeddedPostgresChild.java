package io.heddle.autoconfigure;

import java.io.IOException;
import java.nio.file.Path;

/** A host in a process of its own, which a test may kill. */
final class EmbeddedPostgresChild {

  private EmbeddedPostgresChild() {}

  public static void main(String[] arguments) throws IOException {
    try (EmbeddedPostgresServer server = EmbeddedPostgresServer.start(Path.of(arguments[0]), 0)) {
      System.out.println("ready " + server.jdbcUrl());
      System.in.read();
    } catch (EmbeddedPostgresException e) {
      System.out.println("refused " + e.getMessage());
    }
  }
}
