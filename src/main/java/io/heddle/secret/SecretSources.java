package io.heddle.secret;

import io.heddle.redaction.Printable;
import io.heddle.spi.SecretSource;
import io.heddle.spi.SecretSource.Request;
import io.heddle.spi.SecretSource.Scope;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the secrets of nodes come from. Thread-safe. */
public final class SecretSources {

  /** Nobody has any. */
  public static final SecretSources NONE = new SecretSources(List.of());

  private static final Logger log = LoggerFactory.getLogger(SecretSources.class);

  // Safe as the name of a file.
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");

  // Shorter ones stand in every text, and could not be kept out of any.
  private static final int SHORTEST = 4;

  private final List<SecretSource> sources;

  public SecretSources(List<? extends SecretSource> sources) {
    this.sources = List.copyOf(sources);
  }

  /** Whether a text can be the id of a secret. */
  public static boolean isId(@Nullable String text) {
    return text != null && ID.matcher(text).matches();
  }

  /** Whose secrets there can be. */
  public Set<Scope> scopes() {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    sources.forEach(source -> scopes.addAll(source.scopes()));
    return scopes;
  }

  /**
   * The secret, if anybody has it.
   *
   * @throws SecretUnavailableException if somebody who may have it does not answer
   */
  public Optional<String> find(Request request) throws InterruptedException {
    for (SecretSource source : sources) {
      String secret;
      try {
        secret = source.resolve(request);
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        log.warn(
            "{} could not tell whether it has the secret {}: {}",
            source.getClass().getName(),
            request.secretId(),
            Printable.line(e));
        throw new SecretUnavailableException(request.secretId());
      }
      if (secret != null) {
        if (secret.length() >= SHORTEST) {
          return Optional.of(secret);
        }
        log.warn("The secret {} is too short to be used", request.secretId());
        return Optional.empty();
      }
    }
    return Optional.empty();
  }
}
