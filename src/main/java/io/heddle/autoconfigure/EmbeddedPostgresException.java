package io.heddle.autoconfigure;

import org.jspecify.annotations.Nullable;

/** The embedded Postgres server cannot start; the message names the cause and the way out. */
final class EmbeddedPostgresException extends RuntimeException {

  static final String REMEDY =
      "Set spring.datasource.url (or OPENWOP_PG_DSN) to use a Postgres server.";

  private static final long serialVersionUID = 1L;

  private final String description;

  /**
   * @param because the rest of a sentence that begins "The embedded Postgres cannot start because",
   *     without its full stop
   */
  EmbeddedPostgresException(String because, @Nullable Throwable cause) {
    this("The embedded Postgres cannot start because " + because + ".", cause, REMEDY);
  }

  private EmbeddedPostgresException(String description, @Nullable Throwable cause, String remedy) {
    super(description + " " + remedy, cause);
    this.description = description;
  }

  String description() {
    return description;
  }
}
