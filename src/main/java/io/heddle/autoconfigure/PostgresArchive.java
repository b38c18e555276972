package io.heddle.autoconfigure;

import io.zonky.test.db.postgres.embedded.DefaultPostgresBinaryResolver;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The archive of Postgres programs on the class path. Unpacking names the target after a digest and
 * tells it to nobody; the digest is taken along here, because the version can only be read there.
 */
final class PostgresArchive implements PgBinaryResolver {

  private static final String BOOTSTRAP_FILE = "share/postgresql/postgres.bki";
  private static final String BOOTSTRAP_HEADER = "# PostgreSQL ";

  private final MessageDigest digest = md5();

  @Override
  public InputStream getPgBinary(String system, String machineHardware) throws IOException {
    try {
      return new DigestInputStream(
          DefaultPostgresBinaryResolver.INSTANCE.getPgBinary(system, machineHardware), digest);
    } catch (IllegalStateException e) {
      throw new EmbeddedPostgresException(
          "the class path has no Postgres programs for %s on %s, or has them twice"
              .formatted(system, machineHardware),
          e);
    }
  }

  /** The major version of the programs unpacked below the given directory, if it can be told. */
  Optional<String> majorVersion(Path unpacked) throws IOException {
    String name = "PG-" + HexFormat.of().formatHex(digest.digest());
    Path bootstrap = unpacked.resolve(name).resolve(BOOTSTRAP_FILE);
    if (Files.notExists(bootstrap)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(bootstrap)) {
      return lines
          .findFirst()
          .filter(line -> line.startsWith(BOOTSTRAP_HEADER))
          .map(line -> line.substring(BOOTSTRAP_HEADER.length()).trim());
    }
  }

  private static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
