package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an editor tells of the settings. */
class HeddlePropertiesMetadataTest {

  private final JsonNode metadata = read();

  @Test
  void everySettingHasADescription() {
    List<JsonNode> settings =
        metadata
            .get("properties")
            .valueStream()
            .filter(property -> property.get("name").asString().startsWith("openwop."))
            .toList();

    assertThat(settings).hasSizeGreaterThan(60);
    assertThat(settings)
        .allSatisfy(
            setting -> {
              assertThat(setting.path("description").asString("")).as("%s", setting).isNotBlank();
              assertThat(setting.path("type").asString("")).as("%s", setting).isNotBlank();
            });
  }

  @Test
  void hintsAreAboutSettingsThatExist() {
    Set<String> names =
        metadata
            .get("properties")
            .valueStream()
            .map(property -> property.get("name").asString())
            .collect(Collectors.toSet());

    List<String> hinted =
        metadata.get("hints").valueStream().map(hint -> hint.get("name").asString()).toList();
    assertThat(hinted).contains("openwop.telemetry.protocol", "openwop.workflows.locations");
    assertThat(names).containsAll(hinted);
  }

  private static JsonNode read() {
    try (InputStream in =
        HeddleProperties.class
            .getClassLoader()
            .getResourceAsStream("META-INF/spring-configuration-metadata.json")) {
      return JsonMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
