package io.heddle.web;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which content coding a caller would rather have (RFC 9110, section 12.5.3). */
final class AcceptEncoding {

  private static final double ABSENT = -1;

  private static final Pattern WEIGHT =
      Pattern.compile("\\s*[qQ]=(0(?:\\.\\d{0,3})?|1(?:\\.0{0,3})?)\\s*");

  private AcceptEncoding() {}

  /** Whether gzip is acceptable and no less welcome than the plain bytes. */
  static boolean prefersGzip(Iterable<String> headerLines) {
    double gzip = ABSENT;
    double identity = ABSENT;
    double any = ABSENT;
    for (String line : headerLines) {
      for (String element : line.split(",")) {
        String[] parts = element.split(";", 2);
        double weight = parts.length == 1 ? 1 : weight(parts[1]);
        switch (parts[0].strip().toLowerCase(Locale.ROOT)) {
          case "gzip", "x-gzip" -> gzip = Math.max(gzip, weight);
          case "identity" -> identity = Math.max(identity, weight);
          case "*" -> any = Math.max(any, weight);
          default -> {
            // A coding that this host does not make.
          }
        }
      }
    }
    double wanted = gzip == ABSENT ? any : gzip;
    // Plain bytes that nobody asked for are acceptable, but only after what was asked for.
    return wanted > 0 && wanted >= identity;
  }

  private static double weight(String parameter) {
    Matcher weight = WEIGHT.matcher(parameter);
    // What cannot be read is not asked for.
    return weight.matches() ? Double.parseDouble(weight.group(1)) : 0;
  }
}
