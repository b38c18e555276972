package io.heddle.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.spi.Principal;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RolesTest {

  private final Roles roles =
      new Roles(Map.of("viewer", Set.of("runs:read"), "owner", Set.of("*")));

  @Test
  void rolesAddToWhatACallerMay() {
    assertThat(scopes("viewer")).containsExactlyInAnyOrder("runs:create", "runs:read");
    assertThat(scopes("owner")).isEqualTo(ApiKey.ALL_SCOPES);
  }

  @Test
  void aRoleThatNobodyConfiguredPermitsNothing() {
    for (String unknown : new String[] {"Viewer", "viewer ", "*", "", "runs:read"}) {
      assertThat(scopes(unknown)).as(unknown).containsExactly("runs:create");
    }
    assertThat(new Roles(Map.of()).apply(holder("owner")).scopes()).containsExactly("runs:create");
  }

  @Test
  void nothingElseOfACallerChanges() {
    Principal before = holder("viewer");

    Principal after = roles.apply(before);

    assertThat(after).usingRecursiveComparison().ignoringFields("scopes").isEqualTo(before);
  }

  private Set<String> scopes(String role) {
    return roles.apply(holder(role)).scopes();
  }

  private static Principal holder(String role) {
    return new Principal(
        "acme",
        null,
        "somebody",
        "urn:test",
        "oidc",
        "user",
        Set.of("runs:create"),
        Set.of("finance"),
        Set.of(role),
        true);
  }
}
