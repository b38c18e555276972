package io.heddle.autoconfigure;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which build this is, and which formats it writes. */
final class HostVersion {

  /** Version of the engine; recorded with every run and event. */
  static final int ENGINE = 1;

  /** Version of the event log's vocabulary; recorded with every run. 2 is major 1's. */
  static final int EVENT_LOG_SCHEMA = 2;

  private HostVersion() {}

  /** The version of this build. */
  static String build() {
    Properties properties = new Properties();
    try (InputStream in = HostVersion.class.getResourceAsStream("/heddle.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version");
  }
}
