package io.heddle.secret;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Seals secrets with the host's master key (AES-256-GCM) before they are stored. Without a master
 * key they are stored as they are, and {@link #isLocked} says so. Other keys open what was sealed
 * with them, and seal nothing. Thread-safe.
 */
public final class Vault {

  /** Bytes of a master key. */
  public static final int KEY_BYTES = 32;

  private static final byte CLEAR = 0;

  private static final byte SEALED = 1;

  private static final int FINGERPRINT_BYTES = 8;

  private static final int NONCE_BYTES = 12;

  private static final int TAG_BITS = 128;

  /** With which key something is sealed, as it says itself. */
  enum Standing {
    /** With the one that seals now; in clear if there is none. */
    CURRENT,
    /** With the one that will. */
    AHEAD,
    /** With one that did before, or in clear although there is one. */
    OUTDATED,
    /** With none that this host has. */
    UNKNOWN
  }

  private record Key(byte[] bytes, byte[] fingerprint) {

    static Key of(byte[] bytes) {
      if (bytes.length != KEY_BYTES) {
        throw new IllegalArgumentException("A master key has %d bytes".formatted(KEY_BYTES));
      }
      return new Key(bytes.clone(), Vault.fingerprint(bytes));
    }

    // Never the key.
    @Override
    public String toString() {
      return "Key";
    }
  }

  private final @Nullable Key masterKey;

  private final List<Key> previous;

  private final @Nullable Key next;

  private final SecureRandom random = new SecureRandom();

  /**
   * @param masterKey {@value #KEY_BYTES} bytes, or null for none
   */
  public Vault(byte @Nullable [] masterKey) {
    this(masterKey, List.of(), null);
  }

  /**
   * @param masterKey {@value #KEY_BYTES} bytes, or null for none
   * @param previous master keys from before
   * @param next the master key of other hosts already, or null for none
   */
  public Vault(byte @Nullable [] masterKey, List<byte[]> previous, byte @Nullable [] next) {
    this.masterKey = masterKey == null ? null : Key.of(masterKey);
    this.previous = previous.stream().map(Key::of).toList();
    this.next = next == null ? null : Key.of(next);
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
    Key key = masterKey;
    if (key == null) {
      return ByteBuffer.allocate(1 + secret.length).put(CLEAR).put(secret).array();
    }
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, key.bytes(), nonce, purpose).doFinal(secret);
      return ByteBuffer.allocate(1 + FINGERPRINT_BYTES + NONCE_BYTES + sealed.length)
          .put(SEALED)
          .put(key.fingerprint())
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
    Key key = version == SEALED ? key(sealed) : null;
    if (key == null || bytes.remaining() < FINGERPRINT_BYTES + NONCE_BYTES) {
      throw new SealedException(purpose);
    }
    byte[] nonce = new byte[NONCE_BYTES];
    bytes.position(bytes.position() + FINGERPRINT_BYTES).get(nonce);
    try {
      return cipher(Cipher.DECRYPT_MODE, key.bytes(), nonce, purpose).doFinal(rest(bytes));
    } catch (GeneralSecurityException e) {
      throw new SealedException(purpose);
    }
  }

  /** What everything that is sealed from now on begins with, and nothing else does. */
  byte[] beginning() {
    Key key = masterKey;
    return key == null ? new byte[] {CLEAR} : beginning(key);
  }

  Standing standing(byte[] sealed) {
    if (sealed.length > 0 && sealed[0] == CLEAR) {
      return masterKey == null ? Standing.CURRENT : Standing.OUTDATED;
    }
    Key key = key(sealed);
    if (key == null) {
      return Standing.UNKNOWN;
    }
    if (key == masterKey) {
      return Standing.CURRENT;
    }
    return key == next ? Standing.AHEAD : Standing.OUTDATED;
  }

  /** The key that something says to be sealed with; null if this host does not have it. */
  private @Nullable Key key(byte[] sealed) {
    return Stream.of(Stream.ofNullable(masterKey), Stream.ofNullable(next), previous.stream())
        .flatMap(keys -> keys)
        .filter(key -> begins(sealed, beginning(key)))
        .findFirst()
        .orElse(null);
  }

  private static byte[] beginning(Key key) {
    return ByteBuffer.allocate(1 + FINGERPRINT_BYTES).put(SEALED).put(key.fingerprint()).array();
  }

  private static boolean begins(byte[] bytes, byte[] beginning) {
    return bytes.length >= beginning.length
        && MessageDigest.isEqual(Arrays.copyOf(bytes, beginning.length), beginning);
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
