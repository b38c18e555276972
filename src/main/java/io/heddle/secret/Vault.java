package io.heddle.secret;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Seals secrets with the host's master key (AES-256-GCM) before they are stored. Without a master
 * key they are stored as they are, and {@link #isLocked} says so. Thread-safe.
 */
public final class Vault {

  /** Bytes of a master key. */
  public static final int KEY_BYTES = 32;

  private static final byte CLEAR = 0;

  private static final byte SEALED = 1;

  private static final int FINGERPRINT_BYTES = 8;

  private static final int NONCE_BYTES = 12;

  private static final int TAG_BITS = 128;

  private final byte @Nullable [] masterKey;

  private final SecureRandom random = new SecureRandom();

  /**
   * @param masterKey {@value #KEY_BYTES} bytes, or null for none
   */
  public Vault(byte @Nullable [] masterKey) {
    if (masterKey != null && masterKey.length != KEY_BYTES) {
      throw new IllegalArgumentException("A master key has %d bytes".formatted(KEY_BYTES));
    }
    this.masterKey = masterKey == null ? null : masterKey.clone();
  }

  /** Whether secrets cannot be read by whoever reads the database. */
  public boolean isLocked() {
    return masterKey != null;
  }

  /**
   * Seals a secret.
   *
   * @param purpose what it is for; needed to open it
   */
  public byte[] seal(byte[] secret, String purpose) {
    byte[] key = masterKey;
    if (key == null) {
      return ByteBuffer.allocate(1 + secret.length).put(CLEAR).put(secret).array();
    }
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key, nonce, purpose).doFinal(secret);
      return ByteBuffer.allocate(1 + FINGERPRINT_BYTES + NONCE_BYTES + sealed.length)
          .put(SEALED)
          .put(fingerprint(key))
          .put(nonce)
          .put(sealed)
          .array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("The host's cipher is not there", e);
    }
  }

  /**
   * Opens what was sealed for this purpose.
   *
   * @throws SealedException if it was sealed with another master key, or tampered with
   */
  public byte[] open(byte[] sealed, String purpose) {
    ByteBuffer bytes = ByteBuffer.wrap(sealed);
    byte version = sealed.length == 0 ? -1 : bytes.get();
    if (version == CLEAR) {
      return rest(bytes);
    }
    byte[] key = masterKey;
    if (version != SEALED || bytes.remaining() < FINGERPRINT_BYTES + NONCE_BYTES || key == null) {
      throw new SealedException(purpose);
    }
    byte[] fingerprint = new byte[FINGERPRINT_BYTES];
    byte[] nonce = new byte[NONCE_BYTES];
    bytes.get(fingerprint).get(nonce);
    if (!MessageDigest.isEqual(fingerprint, fingerprint(key))) {
      throw new SealedException(purpose);
    }
    try {
      return cipher(Cipher.DECRYPT_MODE, key, nonce, purpose).doFinal(rest(bytes));
    } catch (GeneralSecurityException e) {
      throw new SealedException(purpose);
    }
  }

  private static byte[] rest(ByteBuffer bytes) {
    byte[] rest = new byte[bytes.remaining()];
    bytes.get(rest);
    return rest;
  }

  private static Cipher cipher(int mode, byte[] key, byte[] nonce, String purpose)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(purpose.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static byte[] fingerprint(byte[] key) {
    try {
      return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(key), FINGERPRINT_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  // Never the key.
  @Override
  public String toString() {
    return "Vault[locked=" + isLocked() + "]";
  }
}
