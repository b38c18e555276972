package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost.Key;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A meter that is renamed must not leave an empty panel behind. */
@ExtendWith(TestHost.Shared.class)
class TheDashboardShowsWhatIsMeasuredTest {

  private static final Path DASHBOARD = Path.of("src/main/docker/grafana-dashboard.json");

  private static final Pattern METER =
      Pattern.compile("\\b(?:heddle|openwop|http|hikaricp)_(?!node_type)[a-z_]+");

  @Test
  void byTheNamesOfTheHost(TestHost host) {
    Caller acme = host.as(Key.ACME);
    acme.log(acme.startRun("conformance-noop"));
    JsonNode panels = JsonMapper.shared().readTree(DASHBOARD.toFile()).get("panels");

    String measured = acme.get("/actuator/prometheus").text();

    assertThat(panels).hasSize(12);
    for (JsonNode panel : panels) {
      TreeSet<String> meters = new TreeSet<>();
      for (JsonNode target : panel.get("targets")) {
        METER
            .matcher(target.get("expr").asString())
            .results()
            .map(MatchResult::group)
            .forEach(meters::add);
      }
      assertThat(meters).as(panel.get("title").asString()).isNotEmpty();
      assertThat(meters)
          .allSatisfy(meter -> assertThat(measured).containsPattern("(?m)^" + meter + "[{ ]"));
    }
  }
}
