package io.heddle.redaction;

import io.heddle.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Takes credentials of a known shape out of what is told or stored for readers. Only shapes that
 * nothing else has: what is only named as a secret is {@link Redactor}'s matter, for data that was
 * cut by mistake is lost to whoever reads it. Thread-safe; takes time in proportion to the text,
 * and next to none where no such shape is.
 */
public final class Tokens {

  /** What stands where a secret stood. */
  static final String MARK = "[REDACTED]";

  // Behind the prefix; shorter ones are words.
  private static final int SHORTEST = 12;

  // Of a web token, the least there can be.
  private static final int SHORTEST_WORD = 9;

  private static final int SHORTEST_GOOGLE = 20;

  private static final int AWS = 16;

  private static final String CREDENTIAL = "[A-Za-z0-9._~+/=-]";

  /** Between a name and its value, in JSON, in JSON inside of JSON, in forms and in headers. */
  static final String NAMED = "[\\\\\"'\\]]{0,3}\\s{0,4}[:=]\\s{0,4}[\\\\\"']{0,3}";

  private static final String PEM_BEGIN = "-----BEGIN ";

  private static final Pattern PEM =
      Pattern.compile(
          "-----BEGIN [A-Z0-9 ]{1,64}-----[\\s\\S]*?(?:-----END [A-Z0-9 ]{1,64}-----|\\z)");

  private static final String REFERENCE_BEGIN = "secret:";

  private static final Pattern REFERENCE =
      Pattern.compile("(?<![A-Za-z0-9_-])secret:[^\\s\"',;]{4,}+");

  private static final Pattern AUTHORIZATION =
      Pattern.compile(
          "(?i)((?<![A-Za-z])authorization"
              + NAMED
              + "(?:(?:bearer|basic|digest|token)[\\s\\p{Z}]{1,8})?+)"
              + CREDENTIAL
              + "{6,}+");

  // A word after these is no credential, unless it is longer than words are.
  private static final Pattern BEARER =
      Pattern.compile(
          "(?i)((?<![A-Za-z])(?:bearer|basic)[\\s\\p{Z}]{1,8}+)"
              + "(?=[A-Za-z._~+/-]{0,256}+[0-9=]|[A-Za-z]{24})"
              + CREDENTIAL
              + "{8,}+");

  private static final Pattern URL_PASSWORD =
      Pattern.compile(
          "(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,31}+://[^\\s/:@\"]{0,128}+:)"
              + "[^\\s/@\"]++(?=@)");

  private static final List<String> SCHEMES = List.of("authorization", "bearer", "basic");

  private Tokens() {}

  /** The text with a mark in place of every credential. */
  public static String redacted(String text) {
    if (!mayHold(text)) {
      return text;
    }
    String redacted = text;
    if (redacted.contains(PEM_BEGIN)) {
      redacted = PEM.matcher(redacted).replaceAll(MARK);
    }
    redacted = withoutWords(redacted);
    if (redacted.contains(REFERENCE_BEGIN)) {
      redacted = REFERENCE.matcher(redacted).replaceAll(MARK);
    }
    redacted = AUTHORIZATION.matcher(redacted).replaceAll("$1" + MARK);
    redacted = BEARER.matcher(redacted).replaceAll("$1" + MARK);
    return holdsUserInfo(redacted)
        ? URL_PASSWORD.matcher(redacted).replaceAll("$1" + MARK)
        : redacted;
  }

  /** A JSON value with marks in its texts and names; the same object if it holds no credential. */
  public static @Nullable Object redactedValue(@Nullable Object value) {
    if (value instanceof String text) {
      return redacted(text);
    }
    if (value instanceof Map<?, ?> map) {
      return redactedMembers(Json.object(map, ""));
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> redacted = null;
      for (int i = 0; i < list.size(); i++) {
        Object item = redactedValue(list.get(i));
        if (redacted == null && item != list.get(i)) {
          redacted = new ArrayList<>(list);
        }
        if (redacted != null) {
          redacted.set(i, item);
        }
      }
      return redacted == null ? list : redacted;
    }
    return value;
  }

  /** {@link #redactedValue} of an object. */
  public static Map<String, @Nullable Object> redactedMembers(
      Map<String, @Nullable Object> members) {
    Map<String, @Nullable Object> redacted = new LinkedHashMap<>();
    boolean changed = false;
    for (Map.Entry<String, @Nullable Object> member : members.entrySet()) {
      String name = redacted(member.getKey());
      Object value = redactedValue(member.getValue());
      changed |= !name.equals(member.getKey()) || value != member.getValue();
      redacted.put(name, value);
    }
    return changed ? redacted : members;
  }

  /** The text of an object as this host writes it; byte for byte the same if nothing is in it. */
  public static String redactedJson(String json) {
    if (!mayHold(json)) {
      return json;
    }
    Map<String, @Nullable Object> members = Json.storedObject(json);
    Map<String, @Nullable Object> redacted = redactedMembers(members);
    return redacted == members ? json : Json.write(redacted);
  }

  /**
   * Whether something was taken out of a text that its run still has, or somebody pretends so. A
   * secret that the host keeps never was a part of the run, and its mark is what the run has.
   */
  public static boolean isMarked(String text) {
    return text.contains(MARK);
  }

  /** Whether a text, or JSON text of it, is worth a closer look; most are not. */
  private static boolean mayHold(String text) {
    return text.contains(REFERENCE_BEGIN)
        || text.contains(PEM_BEGIN)
        || holdsUserInfo(text)
        || nextWord(text, 0, true) != null;
  }

  private static boolean holdsUserInfo(String text) {
    int scheme = text.indexOf("://");
    return scheme >= 0 && text.indexOf('@', scheme) >= 0;
  }

  private record Word(int token, int end) {}

  private static String withoutWords(String text) {
    StringBuilder redacted = new StringBuilder(text.length());
    int kept = 0;
    for (Word word = nextWord(text, 0, false);
        word != null;
        word = nextWord(text, word.end(), false)) {
      redacted.append(text, kept, word.token()).append(MARK);
      kept = word.end();
    }
    return kept == 0 ? text : redacted.append(text, kept, text.length()).toString();
  }

  /** The first run of the characters of tokens that holds one. */
  private static @Nullable Word nextWord(String text, int from, boolean orScheme) {
    int length = text.length();
    int start = from;
    while (start < length) {
      if (!isOfTokens(text.charAt(start))) {
        start++;
        continue;
      }
      int end = start + 1;
      while (end < length && isOfTokens(text.charAt(end))) {
        end++;
      }
      int token = token(text, start, end);
      if (token >= 0 || (orScheme && endsWithScheme(text, start, end))) {
        return new Word(Math.max(token, 0), end);
      }
      start = end;
    }
    return null;
  }

  private static boolean endsWithScheme(String text, int start, int end) {
    char last = text.charAt(end - 1);
    if (last == 'n' || last == 'r' || last == 'c' || last == 'N' || last == 'R' || last == 'C') {
      for (String scheme : SCHEMES) {
        int length = scheme.length();
        if (end - start >= length && text.regionMatches(true, end - length, scheme, 0, length)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Where a token begins that goes on to the end of the word; negative if there is none. */
  private static int token(String text, int start, int end) {
    int dot = start;
    for (int i = start; i + SHORTEST_WORD <= end; i++) {
      if (i > start && isLetterOrDigit(text.charAt(i - 1)) && !isEscape(text, i)) {
        continue;
      }
      if (text.startsWith("eyJ", i)) {
        // No text is gone over twice, however many of these there are.
        dot = Math.max(dot, i + 7);
        while (dot < end && text.charAt(dot) != '.') {
          dot++;
        }
        if (dot + 1 < end) {
          return i;
        }
      } else if (isKey(text, i, end)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isKey(String text, int at, int end) {
    return switch (text.charAt(at)) {
      case 's' -> (begins("sk-", text, at, end) && isFree(text, at)) || isOfPayments(text, at, end);
      case 'r', 'p' -> isOfPayments(text, at, end);
      case 'h' -> begins("hk_", text, at, end) && isFree(text, at);
      case 'c' -> begins("cred_", text, at, end);
      case 'w' -> begins("whsec_", text, at, end);
      case 'n' -> begins("npm_", text, at, end);
      case 'g' ->
          begins("glpat-", text, at, end)
              || begins("github_pat_", text, at, end)
              || (at + 4 + SHORTEST <= end
                  && text.charAt(at + 1) == 'h'
                  && "oprsu".indexOf(text.charAt(at + 2)) >= 0
                  && text.charAt(at + 3) == '_');
      case 'x' ->
          at + 5 + SHORTEST <= end
              && text.startsWith("xox", at)
              && text.charAt(at + 3) >= 'a'
              && text.charAt(at + 3) <= 'z'
              && text.charAt(at + 4) == '-';
      case 'A' ->
          (text.startsWith("AIza", at) && at + 4 + SHORTEST_GOOGLE <= end)
              || isOfAws(text, at, end);
      default -> false;
    };
  }

  private static boolean begins(String prefix, String text, int at, int end) {
    return text.startsWith(prefix, at) && at + prefix.length() + SHORTEST <= end;
  }

  private static boolean isOfPayments(String text, int at, int end) {
    return at + 8 + SHORTEST <= end
        && (text.startsWith("k_live_", at + 1) || text.startsWith("k_test_", at + 1));
  }

  private static boolean isOfAws(String text, int at, int end) {
    if (at + 4 + AWS > end || !(text.startsWith("AKIA", at) || text.startsWith("ASIA", at))) {
      return false;
    }
    for (int i = at + 4; i < at + 4 + AWS; i++) {
      char c = text.charAt(i);
      if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
        return false;
      }
    }
    return at + 4 + AWS == end || !isLetterOrDigit(text.charAt(at + 4 + AWS));
  }

  /** Short prefixes are also found in the middle of encoded data, behind a dash. */
  private static boolean isFree(String text, int at) {
    return at == 0
        || !(isOfTokens(text.charAt(at - 1)) && text.charAt(at - 1) != '.')
        || isEscape(text, at);
  }

  /** Whether the character before is the letter of an escape, as in the text of JSON. */
  private static boolean isEscape(String text, int at) {
    return (at >= 2 && text.charAt(at - 2) == '\\')
        || (at >= 6 && text.charAt(at - 6) == '\\' && text.charAt(at - 5) == 'u');
  }

  private static boolean isOfTokens(char c) {
    return isLetterOrDigit(c) || c == '_' || c == '.' || c == '-';
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }
}
