package io.heddle.redaction;

import io.heddle.json.Json;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The secrets that the nodes of a run have got, to keep them out of whatever comes of the nodes.
 * They are found as they are, and in the encodings that carry texts: JSON, URLs and base 64. They
 * are not found if a node cut them or computed something from them. Kept in memory only.
 * Thread-safe.
 */
public final class ResolvedSecrets {

  private record Known(String text, String mark) {}

  private final Map<String, String> marks = new HashMap<>();

  // The longest first, so that nothing is left of one that another one is a part of.
  private volatile List<Known> known = List.of();

  /** Learns a secret. */
  public synchronized void add(String secretId, String secret) {
    if (marks.containsKey(secret)) {
      return;
    }
    String mark = "[REDACTED:%s]".formatted(secretId);
    byte[] utf8 = secret.getBytes(StandardCharsets.UTF_8);
    String json = Json.write(secret);
    for (String text :
        List.of(
            secret,
            json.substring(1, json.length() - 1),
            URLEncoder.encode(secret, StandardCharsets.UTF_8),
            URLEncoder.encode(secret, StandardCharsets.UTF_8).replace("+", "%20"),
            Base64.getEncoder().withoutPadding().encodeToString(utf8),
            Base64.getUrlEncoder().withoutPadding().encodeToString(utf8))) {
      marks.putIfAbsent(text, mark);
    }
    List<Known> sorted = new ArrayList<>();
    marks.forEach((text, of) -> sorted.add(new Known(text, of)));
    sorted.sort(Comparator.comparingInt((Known it) -> it.text().length()).reversed());
    known = List.copyOf(sorted);
  }

  /** Whether no node has got any. */
  public boolean isEmpty() {
    return known.isEmpty();
  }

  /** A text with marks in place of secrets. */
  public String text(String text) {
    String masked = text;
    for (Known secret : known) {
      masked = masked.replace(secret.text(), secret.mark());
    }
    return masked;
  }

  /** A JSON value with marks in place of secrets. */
  public @Nullable Object value(@Nullable Object value) {
    if (isEmpty()) {
      return value;
    }
    if (value instanceof String text) {
      return text(text);
    }
    if (value instanceof Number number) {
      String spelled = number.toString();
      String masked = text(spelled);
      return masked.equals(spelled) ? number : masked;
    }
    if (value instanceof Map<?, ?> map) {
      return members(Json.object(map, ""));
    }
    if (value instanceof List<?> list) {
      List<@Nullable Object> masked = new ArrayList<>(list.size());
      list.forEach(item -> masked.add(value(item)));
      return masked;
    }
    return value;
  }

  /** {@link #value} of an object. */
  public Map<String, @Nullable Object> members(Map<String, ? extends @Nullable Object> members) {
    Map<String, @Nullable Object> masked = new LinkedHashMap<>();
    members.forEach((name, member) -> masked.put(text(name), value(member)));
    return masked;
  }

  /** Whether a secret stands among bytes that cannot be changed. */
  public boolean areIn(byte[] bytes) {
    // One character for each byte, whatever the bytes are.
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    return known.stream()
        .anyMatch(
            secret ->
                text.contains(
                    new String(
                        secret.text().getBytes(StandardCharsets.UTF_8),
                        StandardCharsets.ISO_8859_1)));
  }

  // Never a secret.
  @Override
  public String toString() {
    return "ResolvedSecrets";
  }
}
