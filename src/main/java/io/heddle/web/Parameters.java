package io.heddle.web;

import jakarta.servlet.http.HttpServletRequest;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads typed query parameters, each of which may be given once. */
public final class Parameters {

  private Parameters() {}

  /** A text, or null. */
  public static @Nullable String text(HttpServletRequest request, String name) {
    String[] values = request.getParameterValues(name);
    if (values == null) {
      return null;
    }
    if (values.length > 1) {
      throw invalid(name, "must be given once");
    }
    // A database could not even compare it.
    if (values[0].indexOf('\0') >= 0) {
      throw invalid(name, "must not hold a NUL character");
    }
    return values[0];
  }

  /** An integer within bounds. */
  public static int integer(
      HttpServletRequest request, String name, int otherwise, int min, int max) {
    String text = text(request, name);
    if (text == null) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Refused below like a number out of bounds.
    }
    throw invalid(name, "must be an integer from %d to %d".formatted(min, max));
  }

  /** An integer from 0 to a greatest, or null. */
  public static @Nullable Long sequence(HttpServletRequest request, String name, long max) {
    String text = text(request, name);
    if (text == null) {
      return null;
    }
    try {
      long number = Long.parseLong(text);
      if (number >= 0 && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Refused below like a number out of bounds.
    }
    throw invalid(name, "must be an integer from 0 to " + max);
  }

  /** A time, or null. */
  public static @Nullable Instant time(HttpServletRequest request, String name) {
    String text = text(request, name);
    if (text == null) {
      return null;
    }
    return time(text).orElseThrow(() -> invalid(name, "must be an ISO 8601 time with its zone"));
  }

  /** A time as it is written, from the year 1 to 9999; empty if the text is none. */
  public static Optional<Instant> time(String text) {
    try {
      Instant time = Instant.parse(text);
      int year = time.atOffset(ZoneOffset.UTC).getYear();
      return year >= 1 && year <= 9999 ? Optional.of(time) : Optional.empty();
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  /** A parameter that is not acceptable. */
  public static Problem invalid(String name, String problem) {
    return new Problem(
        ErrorCode.VALIDATION_ERROR, "The parameter '%s' %s".formatted(name, problem));
  }
}
