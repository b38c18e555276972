package io.heddle.interrupt;

import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The secrets behind {@link InterruptTokens}: the first signs, all verify. Immutable. */
public final class TokenKeys {

  /** The fewest bytes of a secret. */
  public static final int SHORTEST = 32;

  private static final String PURPOSE = "interrupt-tokens";

  /** One secret under the id that tokens name. */
  public record Key(String id, byte[] secret) {

    // Never the secret.
    @Override
    public String toString() {
      return "Key[" + id + "]";
    }
  }

  private final List<Key> keys;

  /**
   * @param keys at least one, the one that signs first
   */
  public TokenKeys(List<Key> keys) {
    for (Key key : keys) {
      if (key.secret().length < SHORTEST) {
        throw new IllegalArgumentException(
            "The token secret %s must have at least %d bytes".formatted(key.id(), SHORTEST));
      }
    }
    this.keys = List.copyOf(keys);
  }

  /** Those that the hosts of one database share, made by the first of them. */
  public static TokenKeys shared(SecretStore store, Vault vault) {
    SecureRandom random = new SecureRandom();
    byte[] secret = new byte[SHORTEST];
    random.nextBytes(secret);
    byte[] id = new byte[6];
    random.nextBytes(id);
    List<Key> keys = new ArrayList<>();
    for (SecretStore.Stored stored :
        store.findOrCreate(
            PURPOSE,
            new SecretStore.Stored(HexFormat.of().formatHex(id), vault.seal(secret, PURPOSE)))) {
      keys.add(new Key(stored.keyId(), vault.open(stored.sealed(), PURPOSE)));
    }
    return new TokenKeys(keys);
  }

  Key signing() {
    return keys.get(0);
  }

  Optional<Key> find(String id) {
    return keys.stream().filter(key -> key.id().equals(id)).findFirst();
  }
}
