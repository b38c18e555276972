package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What documents say that a host claims is what clients derive from what hosts advertise. */
@Timeout(180)
@ExtendWith(TestHost.Shared.class)
class TheClaimsAreThoseOfDiscoveryTest {

  private static final Pattern CLAIM =
      Pattern.compile(
          "^\\| `(openwop-[a-z0-9-]+)` \\| [^|]+ \\| (always|unless|with)\\b[^|]*\\|$",
          Pattern.MULTILINE);

  private static final Pattern NAME = Pattern.compile("`(openwop-[a-z0-9-]+)`");

  private final Set<String> always = new TreeSet<>();

  private final Set<String> unless = new TreeSet<>();

  private final Set<String> with = new TreeSet<>();

  @TempDir private Path directory;

  @BeforeEach
  void readTheTable() throws IOException {
    String page = Files.readString(Path.of("conformance.md"));
    String table = page.substring(page.indexOf("## Claims"), page.indexOf("## Evidence"));
    for (Matcher row = CLAIM.matcher(table); row.find(); ) {
      Set<String> rows =
          switch (row.group(2)) {
            case "always" -> always;
            case "unless" -> unless;
            default -> with;
          };
      assertThat(rows.add(row.group(1))).isTrue();
    }
    assertThat(table.lines().filter(line -> line.startsWith("| `")))
        .hasSize(always.size() + unless.size() + with.size());
  }

  @Test
  void aHostAsItComesClaimsWhatIsClaimedUnlessSomethingIsSet(TestHost shared) throws IOException {
    JsonNode discovery = discovery(shared, "as_it_comes", "--openwop.conformance.enabled=false");

    assertThat(claims(discovery)).isEqualTo(union(always, unless));
    theRowIsAbout(discovery);
  }

  @Test
  void aHostWithEverythingClaimsAllOfIt(TestHost shared) {
    List<String> settings = new ArrayList<>();
    settings.add("--openwop.conformance.enabled=true");
    settings.add("--openwop.secrets.directory=" + directory);
    settings.addAll(issuer(0, "oauth2"));
    settings.addAll(issuer(1, "oidc"));
    // What asks for certificates, for a claim that is told in clear.
    settings.add("--server.ssl.enabled=false");
    settings.add("--server.ssl.client-auth=want");
    settings.add("--openwop.auth.mtls.subject-mapping=cn");
    settings.add("--openwop.auth.mtls.tenants[orders]=acme");

    assertThat(claims(discovery(shared, "with_everything", settings.toArray(String[]::new))))
        .isEqualTo(union(always, union(unless, with)));
  }

  @Test
  void aHostThatLacksWhatAClaimTakesDoesNotClaimIt(TestHost shared) {
    assertThat(
            claims(
                discovery(
                    shared,
                    "without_audit",
                    "--openwop.conformance.enabled=false",
                    "--openwop.audit.enabled=false")))
        .isEqualTo(always);
    assertThat(
            claims(
                discovery(
                    shared,
                    "without_bound",
                    "--openwop.conformance.enabled=false",
                    "--openwop.limits.max-in-flight=0")))
        .isEqualTo(union(always, Set.of("openwop-audit-log-integrity")));
  }

  /** What others are told of this host, in the form of their table. */
  private static void theRowIsAbout(JsonNode discovery) throws IOException {
    List<String> table = Files.readAllLines(Path.of("INTEROP-MATRIX-row.md"));
    assertThat(table).hasSize(3);
    List<String> columns = cells(table.get(0));
    List<String> row = cells(table.get(2));

    assertThat(row).hasSameSizeAs(columns);
    assertThat(row.get(columns.indexOf("Host")))
        .contains("`" + discovery.at("/implementation/name").asString() + "`");
    assertThat(row.get(columns.indexOf("Version")))
        .isEqualTo(discovery.at("/implementation/version").asString());
    assertThat(row.get(columns.indexOf("Protocol")))
        .isEqualTo(discovery.get("protocolVersion").asString());
    assertThat(
            NAME.matcher(row.get(columns.indexOf("Profiles"))).results().map(name -> name.group(1)))
        .containsExactlyInAnyOrderElementsOf(claims(discovery));

    // Nobody is told of a measurement that there was not, nor denied one that there was.
    String page = Files.readString(Path.of("conformance.md"));
    String notRun = "has not been run";
    assertThat(row.get(columns.indexOf("Evidence")).contains(notRun))
        .isEqualTo(
            page.substring(page.indexOf("## Evidence"), page.indexOf("## Served"))
                .contains(notRun));
  }

  private static List<String> cells(String line) {
    return List.of(line.replaceAll("^\\| | \\|$", "").split(" \\| "));
  }

  /** What the protocol's text has clients derive; the annexes have words of their own. */
  private static Set<String> claims(JsonNode discovery) {
    Set<String> claims = new TreeSet<>();
    boolean core =
        discovery.path("protocolVersion").asString("").matches("1\\.(0|[1-9]\\d*)")
            && discovery.path("supportedEnvelopes").isArray()
            && discovery.path("schemaVersions").isObject()
            && List.of("clarificationRounds", "schemaRounds", "envelopesPerTurn").stream()
                .allMatch(limit -> discovery.path("limits").path(limit).asInt(-1) >= 0);
    if (core) {
      claims.add("openwop-discovery-core");
      if (contains(discovery.path("supportedEnvelopes"), "clarification.request")) {
        claims.add("openwop-interrupts");
      }
      if (!discovery.has("supportedTransports")
          || contains(discovery.get("supportedTransports"), "rest")) {
        claims.add("openwop-stream-sse");
        claims.add("openwop-stream-poll");
      }
      if (discovery.at("/secrets/supported").asBoolean(false)
          && contains(discovery.at("/secrets/scopes"), "user")) {
        claims.add("openwop-secrets");
      }
      if (discovery.at("/replay/supported").asBoolean(false)
          && !discovery.at("/replay/modes").isEmpty()) {
        claims.add("openwop-replay-fork");
      }
      if (!discovery.path("fixtures").isEmpty()) {
        claims.add("openwop-fixtures");
      }
      if (!discovery.at("/aiProviders/policies/modes").isEmpty()) {
        claims.add("openwop-provider-policy");
      }
      if (discovery.at("/memory/supported").asBoolean(false)) {
        claims.add("openwop-memory");
      }
    }
    if (discovery.at("/discovery/authScoped/supported").asBoolean(false)) {
      claims.add("openwop-discovery-auth-scoped");
    }
    if (discovery.at("/production/supported").asBoolean(false)
        && discovery.at("/production/backpressure/supported").asBoolean(false)) {
      claims.add("openwop-production");
    }
    discovery.at("/auth/profiles").forEach(profile -> claims.add(profile.asString()));
    return claims;
  }

  private static boolean contains(JsonNode list, String value) {
    for (JsonNode item : list) {
      if (item.asString("").equals(value)) {
        return true;
      }
    }
    return false;
  }

  private static Set<String> union(Set<String> some, Set<String> others) {
    Set<String> union = new TreeSet<>(some);
    union.addAll(others);
    return union;
  }

  private static List<String> issuer(int number, String profile) {
    String prefix = "--openwop.auth.issuers[%d].".formatted(number);
    return List.of(
        prefix + "issuer=https://issuer.example/" + profile,
        prefix + "jwks-uri=https://issuer.example/keys",
        prefix + "audience=heddle",
        prefix + "profile=" + profile,
        prefix + "tenant=acme");
  }

  private static JsonNode discovery(TestHost shared, String database, String... settings) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.add("--spring.datasource.url=" + shared.createDatabase("claims_" + database));
    try (TestHost host = TestHost.start(all.toArray(String[]::new))) {
      return host.anonymous().get("/.well-known/openwop").json();
    }
  }
}
