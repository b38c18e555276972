package io.heddle.tenancy;

import java.util.regex.Pattern;

/**
 * The isolation boundary: whose data a statement may touch.
 *
 * @param id 1 to 128 characters of {@code [A-Za-z0-9._-]}
 */
public record Tenant(String id) {

  private static final Pattern GRAMMAR = Pattern.compile("[A-Za-z0-9._-]{1,128}");

  public Tenant {
    if (!GRAMMAR.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "A tenant id is 1 to 128 characters of letters, digits, '.', '_' and '-'");
    }
  }
}
