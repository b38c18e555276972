package io.heddle.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.jspecify.annotations.Nullable;

/** An Ed25519 key: one that signs, or one that others verify with only. Immutable. */
final class SigningKey {

  private final @Nullable Ed25519PrivateKeyParameters secret;

  private final Ed25519PublicKeyParameters open;

  private final String id;

  private SigningKey(
      @Nullable Ed25519PrivateKeyParameters secret, Ed25519PublicKeyParameters open) {
    this.secret = secret;
    this.open = open;
    this.id = thumbprint(open.getEncoded());
  }

  static SigningKey random() {
    Ed25519PrivateKeyParameters secret = new Ed25519PrivateKeyParameters(new SecureRandom());
    return new SigningKey(secret, secret.generatePublicKey());
  }

  /**
   * @param seed 32 bytes, as {@link #seed} gave them
   */
  static SigningKey ofSeed(byte[] seed) {
    Ed25519PrivateKeyParameters secret = new Ed25519PrivateKeyParameters(seed);
    return new SigningKey(secret, secret.generatePublicKey());
  }

  /**
   * Reads PKCS#8 or, for a key that does not sign, SubjectPublicKeyInfo. Line breaks may be missing
   * or be written as {@code \n}, as they are in environment variables.
   *
   * @param property where the text comes from, for the message about one that is no key
   */
  static SigningKey ofPem(String property, String pem) {
    String text = pem.replace("\\n", "\n").strip();
    try {
      if (text.startsWith("-----BEGIN PRIVATE KEY-----")) {
        AsymmetricKeyParameter key = PrivateKeyFactory.createKey(content(text));
        if (key instanceof Ed25519PrivateKeyParameters secret) {
          return new SigningKey(secret, secret.generatePublicKey());
        }
      } else if (text.startsWith("-----BEGIN PUBLIC KEY-----")) {
        AsymmetricKeyParameter key = PublicKeyFactory.createKey(content(text));
        if (key instanceof Ed25519PublicKeyParameters open) {
          return new SigningKey(null, open);
        }
      }
    } catch (Exception e) {
      // Without the cause, which may quote the key.
    }
    throw new IllegalArgumentException(property + " must be an Ed25519 key as PEM (PKCS#8)");
  }

  private static byte[] content(String pem) {
    return Base64.getDecoder().decode(pem.replaceAll("-----[A-Z ]+-----|\\s", ""));
  }

  /** The key's thumbprint (RFC 7638), which anybody can compute. */
  String id() {
    return id;
  }

  boolean signs() {
    return secret != null;
  }

  byte[] publicBytes() {
    return open.getEncoded();
  }

  byte[] seed() {
    if (secret == null) {
      throw new IllegalStateException("A public key has no seed");
    }
    return secret.getEncoded();
  }

  byte[] sign(byte[] message) {
    Ed25519Signer signer = new Ed25519Signer();
    signer.init(true, secret);
    signer.update(message, 0, message.length);
    return signer.generateSignature();
  }

  private static String thumbprint(byte[] open) {
    String jwk =
        "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}".formatted(WebhookKeys.base64Url(open));
    try {
      return WebhookKeys.base64Url(
          MessageDigest.getInstance("SHA-256").digest(jwk.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  // Never the key.
  @Override
  public String toString() {
    return "SigningKey[" + id + "]";
  }
}
