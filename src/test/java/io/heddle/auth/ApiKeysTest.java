package io.heddle.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.spi.Authenticator.Authenticated;
import io.heddle.spi.Authenticator.Expired;
import io.heddle.spi.Authenticator.Outcome;
import io.heddle.spi.Authenticator.Unknown;
import io.heddle.spi.Principal;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ApiKeysTest {

  private static final Instant NOW = Instant.parse("2026-05-01T00:00:00Z");

  @Test
  void aKeyCarriesTheRightsGroupsAndRolesOfItsHolder() {
    Principal principal = authenticated(authenticate(key("first", null), "secret-of-first"));

    assertThat(principal.tenant()).isEqualTo("acme");
    assertThat(principal.workspace()).isNull();
    assertThat(principal.id()).isEqualTo("billing");
    assertThat(principal.scopes()).containsExactly("runs:read");
    assertThat(principal.groups()).containsExactlyInAnyOrder("finance", "leads");
    assertThat(principal.roles()).containsExactly("approver");
  }

  @Test
  void bothKeysOfAHolderAreOnePrincipal() {
    ApiKeys keys = new ApiKeys(List.of(key("old", null), key("new", null)), () -> NOW);

    assertThat(authenticated(keys.authenticate("secret-of-old")))
        .isEqualTo(authenticated(keys.authenticate("secret-of-new")));
  }

  @Test
  void aKeyEndsAtItsInstantAndOnlyItsPresenterIsToldSo() {
    ApiKey key = key("first", NOW);

    assertThat(authenticate(key, "secret-of-first")).isInstanceOf(Expired.class);
    assertThat(authenticate(key, "secret-of-firs")).isInstanceOf(Unknown.class);
    assertThat(authenticate(key("first", NOW.plusMillis(1)), "secret-of-first"))
        .isInstanceOf(Authenticated.class);
  }

  @Test
  void neitherAKeyNorItsHashIsInWhatIsPrinted() {
    ApiKey key = key("first", null);

    assertThat(key.toString()).isEqualTo("ApiKey[first]").doesNotContain(key.sha256());
  }

  @Test
  void aTenantThatNoStatementCouldNameIsRefused() {
    assertThatThrownBy(
            () ->
                new ApiKey(
                    "first",
                    ApiKeys.hashOf("secret"),
                    "acme/globex",
                    "billing",
                    Set.of(),
                    Set.of(),
                    Set.of(),
                    null,
                    false))
        .hasMessageContaining("tenant")
        .hasMessageContaining("first");
  }

  private static Outcome authenticate(ApiKey key, String bearer) {
    return new ApiKeys(List.of(key), () -> NOW).authenticate(bearer);
  }

  private static Principal authenticated(Outcome outcome) {
    assertThat(outcome).isInstanceOf(Authenticated.class);
    return ((Authenticated) outcome).principal();
  }

  private static ApiKey key(String keyId, @Nullable Instant expiresAt) {
    return new ApiKey(
        keyId,
        ApiKeys.hashOf("secret-of-" + keyId),
        "acme",
        "billing",
        Set.of("runs:read"),
        Set.of("finance", "leads"),
        Set.of("approver"),
        expiresAt,
        false);
  }
}
