package io.heddle.autoconfigure;

import io.heddle.auth.ApiKey;
import io.heddle.auth.ApiKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key of a first try-out: made at the first start on an embedded database, kept beside the data
 * for its owner's eyes only, and shown once.
 */
final class DevelopmentKey {

  private static final Logger log = LoggerFactory.getLogger(DevelopmentKey.class);

  private static final String FILE = "api-key";

  private DevelopmentKey() {}

  static ApiKey of(Path directory) {
    Path file = directory.toAbsolutePath().resolve(FILE);
    try {
      String key;
      if (Files.exists(file)) {
        key = Files.readString(file).strip();
        log.info("The development API key is in {}", file);
      } else {
        key = create(file);
        log.info("Created a development API key, kept in {}: {}", file, key);
      }
      return new ApiKey(
          "development",
          ApiKeys.hashOf(key),
          "default",
          "developer",
          Set.of("*"),
          Set.of(),
          Set.of(),
          null,
          true);
    } catch (IOException e) {
      throw new UncheckedIOException("The development API key cannot be kept in " + file, e);
    }
  }

  private static String create(Path file) throws IOException {
    byte[] random = new byte[24];
    new SecureRandom().nextBytes(random);
    String key = "hk_dev_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    // Permissions from the first byte on, not after the fact.
    FileAttribute<?>[] onlyOwner =
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    Files.createFile(file, onlyOwner);
    Files.writeString(file, key + "\n", StandardCharsets.UTF_8, StandardOpenOption.WRITE);
    return key;
  }
}
