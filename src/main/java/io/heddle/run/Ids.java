package io.heddle.run;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * Opaque, time-ordered ids: 26 characters of Crockford base 32 that hold 48 bits of milliseconds
 * and 80 random bits, so that rows created together lie together in an index. The order is a matter
 * of speed only; nothing relies on the clock.
 */
public final class Ids {

  private static final char[] DIGITS = "0123456789abcdefghjkmnpqrstvwxyz".toCharArray();

  private static final Pattern OPAQUE = Pattern.compile("[A-Za-z0-9._-]{1,128}");

  private static final SecureRandom RANDOM = new SecureRandom();

  private Ids() {}

  /** A new run id. */
  public static String run() {
    return "run-" + next();
  }

  /** A new event id. */
  public static String event() {
    return "evt-" + next();
  }

  /** A new id of an annotation. */
  public static String annotation() {
    return "ann-" + next();
  }

  /** A new id of a subscription. */
  public static String webhook() {
    return "wh-" + next();
  }

  /** A new id of an interrupt. */
  public static String interrupt() {
    return "int-" + next();
  }

  /**
   * The id of an artifact: the same whenever the node produces it again, and unique in its run.
   *
   * @param index its place among the artifacts of this visit of the node
   */
  public static String artifact(String nodeId, int visit, int index) {
    String place = nodeId + '\0' + visit + '\0' + index;
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(place.getBytes(StandardCharsets.UTF_8));
      return "art-" + Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A new id of a request. */
  public static String request() {
    return "req-" + next();
  }

  /** A new id of a host node's incarnation. */
  public static String node() {
    return "node-" + next();
  }

  /** Whether a text could be an id at all; anything else needs no look-up. */
  public static boolean isWellFormed(String id) {
    return OPAQUE.matcher(id).matches();
  }

  private static String next() {
    byte[] random = new byte[10];
    RANDOM.nextBytes(random);
    char[] id = new char[26];
    long millis = Clock.systemUTC().millis();
    for (int i = 9; i >= 0; i--) {
      id[i] = DIGITS[(int) (millis & 31)];
      millis >>>= 5;
    }
    long bits = 0;
    int available = 0;
    int at = 10;
    for (byte b : random) {
      bits = (bits << 8) | (b & 0xff);
      available += 8;
      while (available >= 5) {
        available -= 5;
        id[at++] = DIGITS[(int) (bits >>> available) & 31];
      }
    }
    return new String(id);
  }
}
