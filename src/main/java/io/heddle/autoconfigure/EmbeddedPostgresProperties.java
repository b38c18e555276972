package io.heddle.autoconfigure;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The Postgres server that the host brings along when nobody configured a database.
 *
 * @param directory Directory that keeps the data, programs and log of the server; a relative path
 *     starts at the working directory of the process.
 * @param port Port on localhost; 0 takes any free one at every start.
 */
@ConfigurationProperties("openwop.embedded-postgres")
record EmbeddedPostgresProperties(
    @DefaultValue(".openwop/postgres") Path directory, @DefaultValue("0") int port) {

  EmbeddedPostgresProperties {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("The port must lie between 0 and 65535, not " + port);
    }
  }
}
