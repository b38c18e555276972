package io.heddle.webhook;

import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;

/** Keys that the JDK made. */
public final class TestKeys {

  private TestKeys() {}

  public static KeyPair pair() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public static String pem(Key key) {
    String kind = key.getFormat().equals("PKCS#8") ? "PRIVATE" : "PUBLIC";
    return "-----BEGIN %s KEY-----\n%s\n-----END %s KEY-----\n"
        .formatted(kind, Base64.getMimeEncoder().encodeToString(key.getEncoded()), kind);
  }

  /** Keys of which one was made just now. */
  public static WebhookKeys configured() {
    return WebhookKeys.configured(pem(pair().getPrivate()), List.of());
  }
}
