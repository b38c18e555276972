package io.heddle.auth;

import com.nimbusds.jose.JWSAlgorithm;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Somebody whose tokens are taken, and what a token of theirs says here. All of it is the
 * operator's word; a token fills in only what is left open.
 *
 * @param issuer what {@code iss} must be, to the letter
 * @param jwksUri where its keys are; null to ask its {@code /.well-known/openid-configuration}
 * @param audience what must be among {@code aud}
 * @param algorithms names of asymmetric signature algorithms, for example {@code RS256}
 * @param users whether its tokens are people's; otherwise machines'
 * @param tenants how a token's tenant is found
 * @param scopes how a token's scopes are found
 * @param groupsClaim which claim lists the holder's groups
 * @param rolesClaim which claim lists the holder's roles, or null for none
 * @param disabledSubjects whose tokens are refused as withdrawn
 */
public record Issuer(
    String issuer,
    @Nullable URI jwksUri,
    String audience,
    List<String> algorithms,
    boolean users,
    Tenants tenants,
    Scopes scopes,
    String groupsClaim,
    @Nullable String rolesClaim,
    Set<String> disabledSubjects) {

  // With a secret that both sides have, whoever can check a token can also make one.
  private static final Set<JWSAlgorithm> ASYMMETRIC =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  public Issuer {
    algorithms = List.copyOf(algorithms);
    disabledSubjects = Set.copyOf(disabledSubjects);
    if (issuer.isBlank() || audience.isBlank()) {
      throw new IllegalArgumentException("A token issuer needs both its name and an audience");
    }
    for (String algorithm : algorithms) {
      if (!ASYMMETRIC.contains(JWSAlgorithm.parse(algorithm))) {
        throw new IllegalArgumentException(
            "The algorithm '%s' of the token issuer %s is none of %s"
                .formatted(
                    algorithm,
                    issuer,
                    ASYMMETRIC.stream().map(Object::toString).sorted().toList()));
      }
    }
    if (algorithms.isEmpty()) {
      throw new IllegalArgumentException("The token issuer %s has no algorithm".formatted(issuer));
    }
  }

  /** How a token's tenant is found. */
  public sealed interface Tenants {

    /** All tokens are of one tenant. */
    record Fixed(String tenant) implements Tenants {

      public Fixed {
        if (!TENANT.matcher(tenant).matches()) {
          throw new IllegalArgumentException(
              "The tenant of a token issuer must be 1 to 128 characters of letters, digits, '.',"
                  + " '_' and '-'");
        }
      }
    }

    /**
     * A claim names it.
     *
     * @param prefix put before what the claim says, so that it cannot be the tenant of anybody
     *     else; may be empty
     * @param allowed the only values of the claim that are taken; empty for all, which takes a
     *     prefix
     */
    record Claimed(String claim, String prefix, Set<String> allowed) implements Tenants {

      public Claimed {
        allowed = Set.copyOf(allowed);
        if (prefix.isEmpty() && allowed.isEmpty()) {
          throw new IllegalArgumentException(
              "A tenant claim of a token issuer needs a prefix or a list of the tenants that it may"
                  + " name; without either its tokens would reach every tenant");
        }
      }
    }

    /** What a tenant is called. */
    Pattern TENANT = Pattern.compile("[A-Za-z0-9._-]{1,128}");
  }

  /** How a token's scopes are found. */
  public sealed interface Scopes {

    /**
     * A claim lists them, as a text with blanks or as an array.
     *
     * @param ceiling what a token can grant at most
     */
    record Claimed(String claim, Set<String> ceiling) implements Scopes {

      public Claimed {
        ceiling = ceiling.contains("*") ? ApiKey.ALL_SCOPES : Set.copyOf(ceiling);
      }
    }

    /** Each of the holder's groups stands for some; {@code *} for all this host knows. */
    record OfGroups(Map<String, Set<String>> byGroup) implements Scopes {

      public OfGroups {
        Map<String, Set<String>> known = new HashMap<>();
        byGroup.forEach(
            (group, scopes) ->
                known.put(group, scopes.contains("*") ? ApiKey.ALL_SCOPES : Set.copyOf(scopes)));
        byGroup = Map.copyOf(known);
      }
    }
  }
}
