package io.heddle.web;

import jakarta.servlet.http.HttpServletRequest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether a caller already has what it asks for (RFC 9110, section 13.1.2). */
public final class EntityTags {

  static final String IF_NONE_MATCH = "If-None-Match";

  static final String ANY = "*";

  // A comma may stand inside a tag, so a list of them cannot simply be split.
  private static final Pattern TAG = Pattern.compile("(?:W/)?\"[\\x21\\x23-\\x7e\\x80-\\xff]*\"");

  private EntityTags() {}

  /** The strong tag of a representation: equal for equal bytes only. */
  public static String of(byte[] representation) {
    return '"' + digest(representation) + '"';
  }

  /**
   * The strong tag of a representation of something that has versions: it also changes with a
   * version that looks like the one before.
   *
   * @param version letters, digits and hyphens
   */
  public static String of(String version, byte[] representation) {
    return '"' + version + '-' + digest(representation) + '"';
  }

  /**
   * Whether the request names the tag of what would be answered, so that 304 says it all.
   *
   * @param etag a strong tag with its quotes
   */
  public static boolean match(HttpServletRequest request, String etag) {
    return match(Collections.list(request.getHeaders(IF_NONE_MATCH)), etag);
  }

  static boolean match(List<String> headerLines, String etag) {
    for (String tag : candidates(headerLines)) {
      // The comparison is the weak one, although this host makes no weak tags.
      if (tag.equals(ANY) || tag.equals(etag) || tag.equals("W/" + etag)) {
        return true;
      }
    }
    return false;
  }

  /** The tags of a list, each with its quotes, and {@link #ANY} for any. */
  static List<String> candidates(List<String> headerLines) {
    List<String> candidates = new ArrayList<>();
    for (String line : headerLines) {
      if (line.strip().equals(ANY)) {
        candidates.add(ANY);
      }
      Matcher tags = TAG.matcher(line);
      while (tags.find()) {
        candidates.add(tags.group());
      }
    }
    return candidates;
  }

  private static String digest(byte[] representation) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(representation);
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
