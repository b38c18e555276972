package io.heddle.secret;

import io.heddle.spi.SecretSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Secrets in files, as orchestrators mount them: {@code <tenant>/<secret id>} for a tenant and
 * {@code <tenant>/users/<principal>/<secret id>}, which wins, for one principal. Read anew each
 * time, so that a secret can be changed under a running host.
 */
public final class SecretDirectory implements SecretSource {

  private static final int LARGEST = 64 * 1024;

  private static final String USERS = "users";

  private final Path directory;

  public SecretDirectory(Path directory) {
    this.directory = directory;
  }

  @Override
  public Set<Scope> scopes() {
    return Set.of(Scope.TENANT, Scope.USER);
  }

  @Override
  public @Nullable String resolve(Request request) throws IOException {
    // Names that are no ids could lead anywhere.
    if (!SecretSources.isId(request.secretId()) || !SecretSources.isId(request.tenantId())) {
      return null;
    }
    Path ofTenant = directory.resolve(request.tenantId());
    String own =
        SecretSources.isId(request.principalId())
            ? read(
                ofTenant.resolve(USERS).resolve(request.principalId()).resolve(request.secretId()))
            : null;
    return own == null ? read(ofTenant.resolve(request.secretId())) : own;
  }

  private static @Nullable String read(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new IOException("A secret has at most %d bytes".formatted(LARGEST));
      }
      // Editors end files with a line break, which belongs to no secret.
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes))
          .toString()
          .replaceFirst("\\R\\z", "");
    }
  }

  @Override
  public String toString() {
    return "SecretDirectory[" + directory + "]";
  }
}
