package io.heddle.web.v1;

import io.heddle.run.Ids;
import io.heddle.web.Parameters;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a list goes on: nothing but a place among what the caller may see, so there is nothing to
 * forge.
 *
 * @param time by which the list is ordered
 * @param id tells apart what has the same time
 */
record V1Cursor(Instant time, String id) {

  private static final int LONGEST = 256;

  // Microseconds since 1970 up to the year 9999, and an id.
  private static final Pattern POSITION = Pattern.compile("(\\d{1,18})/(.+)");

  private static final long LAST_MICROS = 253_402_300_799_999_999L;

  String write() {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, time);
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString((micros + "/" + id).getBytes(StandardCharsets.UTF_8));
  }

  /** Empty for null. */
  static Optional<V1Cursor> read(@Nullable String cursor) {
    if (cursor == null) {
      return Optional.empty();
    }
    if (cursor.length() <= LONGEST) {
      try {
        byte[] decoded = Base64.getUrlDecoder().decode(cursor);
        Matcher position = POSITION.matcher(new String(decoded, StandardCharsets.UTF_8));
        if (position.matches() && Ids.isWellFormed(position.group(2))) {
          long micros = Long.parseLong(position.group(1));
          if (micros <= LAST_MICROS) {
            return Optional.of(
                new V1Cursor(Instant.EPOCH.plus(micros, ChronoUnit.MICROS), position.group(2)));
          }
        }
      } catch (IllegalArgumentException e) {
        // Refused below like any other text that is no cursor.
      }
    }
    throw Parameters.invalid("cursor", "must be a cursor of this list");
  }
}
