package io.heddle.engine.node;

import io.heddle.secret.SecretSources;
import io.heddle.spi.NodeContext;
import io.heddle.spi.NodeExecutor;
import io.heddle.spi.NodeResult;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code conformance.secret.echo}: proves by its hash that it got a secret. For test deployments
 * only, for a hash tells whoever guesses a short secret that the guess is right.
 */
public final class SecretEchoNode implements NodeExecutor {

  private static final String SECRET_ID = "secretId";

  @Override
  public String typeId() {
    return "conformance.secret.echo";
  }

  @Override
  public Map<String, String> configFaults(Map<String, @Nullable Object> config) {
    return config.get(SECRET_ID) instanceof String id && SecretSources.isId(id)
        ? Map.of()
        : Map.of("/" + SECRET_ID, "must be the id of a secret");
  }

  @Override
  public Set<String> requiresSecrets(Map<String, @Nullable Object> config) {
    return Set.of(String.valueOf(config.get(SECRET_ID)));
  }

  @Override
  public NodeResult execute(NodeContext context) throws InterruptedException {
    byte[] secret =
        context
            .secret(String.valueOf(context.config().get(SECRET_ID)))
            .getBytes(StandardCharsets.UTF_8);
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(secret);
      return NodeResult.completed(
          Map.of("secretSha256", HexFormat.of().formatHex(hash), "secretLength", secret.length));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
