package io.heddle.audit;

import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;

/**
 * The Ed25519 key that signs the audit log and nothing else, and the public keys of those that did
 * before. Thread-safe.
 */
public final class AuditKeys {

  private static final String PURPOSE = "audit-checkpoints";

  private static final int ID_DIGITS = 16;

  private final Ed25519PrivateKeyParameters signing;

  private final String keyId;

  private final Map<String, Ed25519PublicKeyParameters> known = new HashMap<>();

  private AuditKeys(Ed25519PrivateKeyParameters signing, Collection<String> others) {
    this.signing = signing;
    for (String spki : others) {
      Ed25519PublicKeyParameters key = publicKey(spki);
      known.put(id(key), key);
    }
    Ed25519PublicKeyParameters own = signing.generatePublicKey();
    this.keyId = id(own);
    known.put(keyId, own);
  }

  /**
   * A configured key.
   *
   * @param pem an Ed25519 private key in PKCS #8
   * @param others public keys of earlier signatures, each the base64 of its SPKI
   * @throws IllegalArgumentException if one of them is no such key; never quotes it
   */
  public static AuditKeys of(String pem, Collection<String> others) {
    try {
      String base64 = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
      AsymmetricKeyParameter key = PrivateKeyFactory.createKey(Base64.getDecoder().decode(base64));
      if (key instanceof Ed25519PrivateKeyParameters ed25519) {
        return new AuditKeys(ed25519, others);
      }
    } catch (IOException | RuntimeException e) {
      // Without the cause, which may quote the key.
    }
    throw new IllegalArgumentException(
        "openwop.audit.signing-key must be an Ed25519 private key in PKCS #8 as PEM, and"
            + " openwop.audit.verification-keys base64 of Ed25519 public keys (SPKI)");
  }

  /** The one that the hosts of one database share, made by the first of them. */
  public static AuditKeys shared(SecretStore store, Vault vault, Collection<String> others) {
    Ed25519PrivateKeyParameters made = new Ed25519PrivateKeyParameters(new SecureRandom());
    SecretStore.Stored stored =
        store
            .findOrCreate(
                PURPOSE,
                new SecretStore.Stored(
                    id(made.generatePublicKey()), vault.seal(made.getEncoded(), PURPOSE)))
            .get(0);
    byte[] seed = vault.open(stored.sealed(), PURPOSE);
    return new AuditKeys(new Ed25519PrivateKeyParameters(seed, 0), others);
  }

  /** The id of the key that signs. */
  public String keyId() {
    return keyId;
  }

  /** The public key to the one that signs: base64 of its SPKI. */
  public String publicKey() {
    return Base64.getEncoder().encodeToString(spki(signing.generatePublicKey()));
  }

  /** {@link #publicKey} as PEM. */
  public String publicKeyPem() {
    return "-----BEGIN PUBLIC KEY-----\n" + publicKey() + "\n-----END PUBLIC KEY-----\n";
  }

  /** The signature over a message, in base64. */
  String sign(byte[] message) {
    Ed25519Signer signer = new Ed25519Signer();
    signer.init(true, signing);
    signer.update(message, 0, message.length);
    return Base64.getEncoder().encodeToString(signer.generateSignature());
  }

  /** The signature under a Merkle root, which is over its bytes and not over its digits. */
  String signRoot(String root) {
    return sign(HexFormat.of().parseHex(root));
  }

  boolean knows(String id) {
    return known.containsKey(id);
  }

  /** Whether a signature is that of a known key. */
  boolean verify(String id, byte[] message, String signature) {
    Ed25519PublicKeyParameters key = known.get(id);
    if (key == null) {
      return false;
    }
    try {
      Ed25519Signer verifier = new Ed25519Signer();
      verifier.init(false, key);
      verifier.update(message, 0, message.length);
      return verifier.verifySignature(Base64.getDecoder().decode(signature));
    } catch (RuntimeException e) {
      // Not base64, or not a signature.
      return false;
    }
  }

  boolean verifyRoot(String id, String root, String signature) {
    try {
      byte[] bytes = HexFormat.of().parseHex(root);
      return bytes.length == 32 && verify(id, bytes, signature);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Ed25519PublicKeyParameters publicKey(String spki) {
    try {
      return (Ed25519PublicKeyParameters)
          PublicKeyFactory.createKey(Base64.getDecoder().decode(spki.strip()));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static byte[] spki(Ed25519PublicKeyParameters key) {
    try {
      return SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(key).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String id(Ed25519PublicKeyParameters key) {
    String digest = HexFormat.of().formatHex(Hashes.digest(spki(key)));
    return "audit-" + digest.substring(0, ID_DIGITS);
  }

  // Never the key.
  @Override
  public String toString() {
    return "AuditKeys[" + keyId + "]";
  }
}
