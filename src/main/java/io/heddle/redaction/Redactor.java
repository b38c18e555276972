package io.heddle.redaction;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Recognises secrets by their shape. It cannot know a password that looks like a word; what it
 * finds are
 *
 * <ul>
 *   <li>PEM blocks, also without their end
 *   <li>JSON web tokens, signed or not
 *   <li>keys with a known prefix: {@code sk-…}, {@code AIza…}, {@code AKIA…}, {@code ghp_…}, {@code
 *       github_pat_…}, {@code glpat-…}, {@code xoxb-…}, {@code sk_live_…}, {@code whsec_…}, {@code
 *       npm_…}, {@code hk_…}, {@code cred_…} and {@code secret:…}
 *   <li>credentials of the {@code Authorization} header: {@code Bearer …} and {@code Basic …}
 *   <li>values that are named as secrets: {@code api_key=…}, {@code "password": "…"}, {@code
 *       access-token: …}
 *   <li>passwords in URLs
 * </ul>
 *
 * Thread-safe; takes time in proportion to the text.
 */
public final class Redactor {

  /** What stands where a secret stood. */
  public static final String MARK = Tokens.MARK;

  private static final Pattern NAMED =
      Pattern.compile(
          "(?i)((?<![A-Za-z])(?:api[_-]?key|access[_-]?key|(?:access|auth|refresh)[_-]?token"
              + "|client[_-]?secret|secret|passwd|password)s?"
              + Tokens.NAMED
              + ")(?!\\[REDACTED)[^\\s\"',;&]{6,}+");

  // Only says that a text is about secrets: fit to leave it out, not to find the place.
  private static final Pattern MENTION =
      Pattern.compile(
          "(?i)sk-|api[_-]?key|secret|passw|credential|(?:access|auth|refresh)[_-]?token"
              + "|bearer[\\s\\p{Z}\\uFEFF]");

  /** The text with a {@link #MARK} in place of everything that has the shape of a secret. */
  public String redact(String text) {
    return NAMED.matcher(Tokens.redacted(text)).replaceAll("$1" + MARK);
  }

  /**
   * A JSON value without anything that so much as mentions a secret: such members are left out,
   * such texts are replaced as a whole. For what is a convenience to show and no loss to miss.
   */
  public @Nullable Object withoutMentions(@Nullable Object value) {
    if (value instanceof String text) {
      return mentions(text) ? MARK : text;
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> kept = new LinkedHashMap<>();
      map.forEach(
          (name, member) -> {
            if (!mentions((String) name)) {
              kept.put((String) name, withoutMentions(member));
            }
          });
      return kept;
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> kept = new ArrayList<>(list.size());
      list.forEach(item -> kept.add(withoutMentions(item)));
      return kept;
    }
    return value;
  }

  private boolean mentions(String text) {
    return MENTION.matcher(text).find() || !redact(text).equals(text);
  }
}
