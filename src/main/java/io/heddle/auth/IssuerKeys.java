package io.heddle.auth;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyType;
import com.nimbusds.jose.jwk.KeyUse;
import io.heddle.egress.Egress;
import io.heddle.egress.EgressFailedException;
import io.heddle.egress.EgressRefusedException;
import io.heddle.egress.EgressRequest;
import io.heddle.egress.EgressResponse;
import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public keys of an issuer: fetched when the first token needs them, again when they grow old,
 * and before that when a token does not fit them, which is how a rotation shows. An issuer that
 * does not answer is left alone for a while, so that it costs its callers one short wait and nobody
 * else anything. Thread-safe.
 */
final class IssuerKeys {

  private static final Logger log = LoggerFactory.getLogger(IssuerKeys.class);

  private static final Duration FETCH = Duration.ofSeconds(2);

  private static final Duration FRESH = Duration.ofMinutes(5);

  /** How long keys serve on while their issuer cannot be asked. */
  private static final Duration GOOD = Duration.ofHours(1);

  /** Between two fetches that tokens cause which do not fit. */
  private static final Duration BETWEEN_DOUBTS = Duration.ofSeconds(10);

  private static final Duration AFTER_FAILURE = Duration.ofSeconds(5);

  // Whoever else comes meanwhile is refused: bad tokens must not take all threads of the host.
  private static final int WAITING = 32;

  private static final int SHORTEST_RSA_BITS = 2048;

  private static final String DISCOVERY = "/.well-known/openid-configuration";

  /** Keys and when they were fetched. */
  private record Fetched(JWKSet keys, long nanos) {}

  private final Issuer issuer;

  private final Egress egress;

  private final LongSupplier nanos;

  private final ReentrantLock fetching = new ReentrantLock();

  private final Semaphore waiting = new Semaphore(WAITING);

  private volatile @Nullable Fetched fetched;

  private @Nullable Long failedAt;

  /**
   * @param egress calls what the operator configured, wherever that is
   * @param nanos a clock that only goes forward
   */
  IssuerKeys(Issuer issuer, Egress egress, LongSupplier nanos) {
    this.issuer = issuer;
    this.egress = egress;
    this.nanos = nanos;
  }

  /** The keys as far as they are known; null if they cannot be had now. */
  @Nullable JWKSet current() {
    Fetched known = fetched;
    if (known != null && age(known) < FRESH.toNanos()) {
      return known.keys();
    }
    return fetch(known, Duration.ZERO);
  }

  /** The keys after a token did not fit these; null if there are no others now. */
  @Nullable JWKSet after(JWKSet unfitting) {
    Fetched known = fetched;
    if (known != null && known.keys() != unfitting) {
      return known.keys();
    }
    JWKSet now = fetch(known, BETWEEN_DOUBTS);
    return now == unfitting ? null : now;
  }

  private long age(Fetched fetched) {
    return nanos.getAsLong() - fetched.nanos();
  }

  private @Nullable JWKSet fetch(@Nullable Fetched known, Duration notWithin) {
    if (!waiting.tryAcquire()) {
      return good(known);
    }
    try {
      if (!fetching.tryLock(2 * FETCH.toMillis(), TimeUnit.MILLISECONDS)) {
        return good(known);
      }
      try {
        return fetchAlone(known, notWithin);
      } finally {
        fetching.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return good(known);
    } finally {
      waiting.release();
    }
  }

  private @Nullable JWKSet fetchAlone(@Nullable Fetched known, Duration notWithin) {
    Fetched now = fetched;
    if (now != null && (now != known || age(now) < notWithin.toNanos())) {
      return now.keys();
    }
    if (failedAt != null && nanos.getAsLong() - failedAt < AFTER_FAILURE.toNanos()) {
      return good(now);
    }
    try {
      Fetched fresh = new Fetched(usable(JWKSet.parse(text(location()))), nanos.getAsLong());
      fetched = fresh;
      failedAt = null;
      return fresh.keys();
    } catch (EgressFailedException
        | EgressRefusedException
        | JsonFault
        | ParseException
        | IllegalArgumentException
        | IllegalStateException e) {
      failedAt = nanos.getAsLong();
      log.warn("The keys of the token issuer {} cannot be had: {}", issuer.issuer(), e.toString());
      return good(now);
    }
  }

  private @Nullable JWKSet good(@Nullable Fetched known) {
    return known != null && age(known) < GOOD.toNanos() ? known.keys() : null;
  }

  private String location() {
    URI configured = issuer.jwksUri();
    if (configured != null) {
      return configured.toString();
    }
    String base = issuer.issuer().replaceAll("/$", "");
    Map<String, @Nullable Object> said = Json.parseObject(text(base + DISCOVERY));
    if (issuer.issuer().equals(said.get("issuer")) && said.get("jwks_uri") instanceof String uri) {
      return uri;
    }
    throw new IllegalStateException("its discovery document is another issuer's, or has no keys");
  }

  private String text(String url) {
    EgressResponse response =
        egress.send(
            new EgressRequest(
                "GET",
                url,
                Map.of("Accept", "application/json"),
                new byte[0],
                FETCH,
                "token-issuer",
                "-",
                null,
                false));
    if (response.status() != 200 || response.truncated()) {
      throw new IllegalStateException("it answered %d".formatted(response.status()));
    }
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  private static JWKSet usable(JWKSet set) {
    List<JWK> keys =
        set.getKeys().stream()
            .filter(key -> !KeyType.OCT.equals(key.getKeyType()))
            .filter(key -> key.getKeyUse() == null || key.getKeyUse().equals(KeyUse.SIGNATURE))
            .filter(key -> !KeyType.RSA.equals(key.getKeyType()) || key.size() >= SHORTEST_RSA_BITS)
            .toList();
    return new JWKSet(keys);
  }
}
