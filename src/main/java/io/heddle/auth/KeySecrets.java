package io.heddle.auth;

import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes API keys and tells whether one is right. A key is {@code hk_live_<id>_<secret>}, or {@code
 * hk_test_…}: the id is public and carries a seal of this host's, so that ids it never gave out
 * cost no look at the database; of the rest only a hash keyed with a secret of the host is kept.
 * Thread-safe.
 */
public final class KeySecrets {

  private static final String PURPOSE = "api-keys";

  private static final Pattern KEY =
      Pattern.compile("hk_(?:live|test)_([0-9a-f]{20})([0-9a-f]{12})_[A-Za-z0-9_-]{43}");

  private static final int ID_BYTES = 10;

  private static final int SEAL_BYTES = 6;

  private static final int SECRET_BYTES = 32;

  private final SecureRandom random = new SecureRandom();

  /** The newest first, by their ids. */
  private final Map<String, byte[]> peppers = new LinkedHashMap<>();

  /** Those that the hosts of one database share, made by the first of them. */
  public KeySecrets(SecretStore store, Vault vault) {
    byte[] pepperId = new byte[SEAL_BYTES];
    random.nextBytes(pepperId);
    byte[] pepper = new byte[SECRET_BYTES];
    random.nextBytes(pepper);
    for (SecretStore.Stored stored :
        store.findOrCreate(
            PURPOSE,
            new SecretStore.Stored(
                HexFormat.of().formatHex(pepperId), vault.seal(pepper, PURPOSE)))) {
      peppers.put(stored.keyId(), vault.open(stored.sealed(), PURPOSE));
    }
  }

  /**
   * A new key.
   *
   * @param key shown to its holder once and kept nowhere
   */
  record Minted(String keyId, String key, String pepperId, byte[] hash) {

    // Never the key.
    @Override
    public String toString() {
      return "Minted[" + keyId + "]";
    }
  }

  Minted mint(boolean test) {
    Map.Entry<String, byte[]> pepper = peppers.entrySet().iterator().next();
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    String named = HexFormat.of().formatHex(id);
    String keyId = named + seal(pepper.getValue(), named);
    String key =
        (test ? "hk_test_" : "hk_live_")
            + keyId
            + "_"
            + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    return new Minted(keyId, key, pepper.getKey(), hash(pepper.getValue(), key));
  }

  /** The id in what is presented, if this host could have made it. */
  Optional<String> keyId(String presented) {
    Matcher key = KEY.matcher(presented);
    if (!key.matches()) {
      return Optional.empty();
    }
    byte[] claimed = key.group(2).getBytes(StandardCharsets.US_ASCII);
    for (byte[] pepper : peppers.values()) {
      byte[] seal = seal(pepper, key.group(1)).getBytes(StandardCharsets.US_ASCII);
      if (MessageDigest.isEqual(seal, claimed)) {
        return Optional.of(key.group(1) + key.group(2));
      }
    }
    return Optional.empty();
  }

  boolean matches(String presented, String pepperId, byte[] hash) {
    byte[] pepper = peppers.get(pepperId);
    return pepper != null && MessageDigest.isEqual(hash(pepper, presented), hash);
  }

  private static String seal(byte[] pepper, String named) {
    return HexFormat.of().formatHex(Arrays.copyOf(mac(pepper, "id:" + named), SEAL_BYTES));
  }

  private static byte[] hash(byte[] pepper, String key) {
    return mac(pepper, "key:" + key);
  }

  private static byte[] mac(byte[] pepper, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(pepper, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  // Never a pepper.
  @Override
  public String toString() {
    return "KeySecrets" + peppers.keySet();
  }
}
