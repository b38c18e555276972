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
  public static final String MARK = "[REDACTED]";

  // A token that begins here, not in the middle of a word: "task-force" is none. It also keeps the
  // search linear, for a run of such characters is looked at from its beginning only.
  private static final String START = "(?<![A-Za-z0-9_-])";

  private static final String TOKEN = "[A-Za-z0-9_.-]";

  private static final String CREDENTIAL = "[A-Za-z0-9._~+/=-]";

  // Between a name and its value, in JSON, in JSON inside of JSON, in forms and in headers.
  private static final String NAMED = "[\\\\\"'\\]]{0,3}\\s{0,4}[:=]\\s{0,4}[\\\\\"']{0,3}";

  private record Shape(Pattern pattern, String replacement) {

    static Shape of(String regex) {
      return new Shape(Pattern.compile(regex), MARK);
    }

    /** A shape whose first group is no secret and stays. */
    static Shape after(String regex) {
      return new Shape(Pattern.compile(regex), "$1" + MARK);
    }
  }

  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(
              "-----BEGIN [A-Z0-9 ]{1,64}-----[\\s\\S]*?(?:-----END [A-Z0-9 ]{1,64}-----|\\z)"),
          Shape.of(START + "eyJ[A-Za-z0-9_-]{4,}+\\." + TOKEN + "++"),
          Shape.of(
              START
                  + "(?:sk-|gh[oprsu]_|github_pat_|glpat-|xox[a-z]-|[rsp]k_(?:live|test)_|whsec_"
                  + "|npm_|hk_|cred_)"
                  + TOKEN
                  + "{12,}+"),
          Shape.of(START + "AIza" + TOKEN + "{20,}+"),
          Shape.of(START + "A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
          Shape.of(START + "secret:[^\\s\"',;]{4,}+"),
          Shape.after(
              "(?i)((?<![A-Za-z])authorization"
                  + NAMED
                  + "(?:(?:bearer|basic|digest|token)[\\s\\p{Z}]{1,8})?+)"
                  + CREDENTIAL
                  + "{6,}+"),
          // A word after these is no credential, unless it is longer than words are.
          Shape.after(
              "(?i)((?<![A-Za-z])(?:bearer|basic)[\\s\\p{Z}]{1,8}+)"
                  + "(?=[A-Za-z._~+/-]{0,256}+[0-9=]|[A-Za-z]{24})"
                  + CREDENTIAL
                  + "{8,}+"),
          Shape.after(
              "(?i)((?<![A-Za-z])(?:api[_-]?key|access[_-]?key|(?:access|auth|refresh)[_-]?token"
                  + "|client[_-]?secret|secret|passwd|password)s?"
                  + NAMED
                  + ")(?!\\[REDACTED)[^\\s\"',;&]{6,}+"),
          Shape.after(
              "(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,31}+://[^\\s/:@\"]{0,128}+:)"
                  + "[^\\s/@\"]++(?=@)"));

  // Only says that a text is about secrets: fit to leave it out, not to find the place.
  private static final Pattern MENTION =
      Pattern.compile(
          "(?i)sk-|api[_-]?key|secret|passw|credential|(?:access|auth|refresh)[_-]?token"
              + "|bearer[\\s\\p{Z}\\uFEFF]");

  /** The text with a {@link #MARK} in place of everything that has the shape of a secret. */
  public String redact(String text) {
    String redacted = text;
    for (Shape shape : SHAPES) {
      redacted = shape.pattern().matcher(redacted).replaceAll(shape.replacement());
    }
    return redacted;
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
