package io.heddle;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.TestHost;
import io.heddle.web.TestHost.Key;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.yaml.snakeyaml.Yaml;

/** The image, the composition and the manifest name ports, paths and variables of the code. */
@ExtendWith(TestHost.Shared.class)
class TheDeploymentFitsTheCodeTest {

  private static final String PORT = "8080";

  // Executors first, then requests.
  private static final Duration GRACE = Duration.ofSeconds(10).multipliedBy(2);

  private static final Pattern VARIABLE = Pattern.compile("\\bOPENWOP_[A-Z0-9_]+");

  private final String dockerfile = read("Dockerfile");

  private final Map<String, Object> composition = yaml("docker-compose.yml").get(0);

  private final List<Map<String, Object>> manifest = yaml("src/main/k8s/heddle.yaml");

  @Test
  void theImageIsMadeOfWhatIsThere() {
    List<String> copied =
        Pattern.compile("^COPY (?!--from)(.+) \\S+$", Pattern.MULTILINE)
            .matcher(dockerfile)
            .results()
            .flatMap(copy -> Stream.of(copy.group(1).split(" ")))
            .toList();

    assertThat(copied).isNotEmpty().allSatisfy(path -> assertThat(Path.of(path)).exists());
    assertThat(Files.exists(Path.of(".dockerignore"))).isTrue();
    assertThat(read(".dockerignore").lines().filter(line -> line.startsWith("!")))
        .allSatisfy(line -> assertThat(Path.of(line.substring(1))).exists());
    assertThat(read("pom.xml")).contains("<artifactId>heddle-spring-boot-starter</artifactId>");
    assertThat(dockerfile).contains("EXPOSE " + PORT, "target/heddle-spring-boot-starter-*-exec");
  }

  @Test
  void theHealthCheckOfTheImageTellsALiveHostFromNone(TestHost host) throws Exception {
    Matcher command = Pattern.compile("HEALTHCHECK.*\\\\\n +CMD (\\[.*])").matcher(dockerfile);
    assertThat(command.find()).isTrue();
    List<String> words = new Yaml().load(command.group(1));

    assertThat(exitCode(words, host.port())).isZero();
    // Nothing listens on the discard port.
    assertThat(exitCode(words, 9)).isNotZero();
  }

  @Test
  void everyVariableIsOneThatTheHostReads() {
    TreeSet<String> named = new TreeSet<>();
    for (String file :
        List.of("Dockerfile", "docker-compose.yml", "src/main/k8s/heddle.yaml", "README.md")) {
      VARIABLE.matcher(read(file)).results().forEach(found -> named.add(found.group()));
    }

    assertThat(named)
        .contains("OPENWOP_PG_DSN", "OPENWOP_API_KEY")
        .allSatisfy(
            name ->
                assertThat(
                        RunbookEnvironment.properties(
                            Map.of(name, "postgres://user:password@host/database")))
                    .isNotEmpty());
  }

  @Test
  void whatIsComposedFindsEachOther() {
    Map<String, Object> services = object(composition.get("services"));
    String balancer = read("src/main/docker/nginx.conf");
    String scraping = read("src/main/docker/prometheus.yml");

    assertThat(services).containsKeys("postgres", "heddle", "balancer", "prometheus", "grafana");
    for (Object service : services.values()) {
      for (String mount : strings(object(service).get("volumes"))) {
        String source = mount.substring(0, mount.indexOf(':'));
        assertThat(source.startsWith("./") ? Path.of(source) : Path.of("pom.xml")).exists();
      }
    }
    assertThat(balancer).contains("server heddle:" + PORT + " ", "listen " + PORT + ";");
    assertThat(strings(object(services.get("balancer")).get("ports")))
        .containsExactly(PORT + ":" + PORT);
    assertThat(balancer).contains("proxy_buffering off;");
    assertThat(opened(balancer)).isEqualTo(closed(balancer)).isPositive();
    assertThat(scraping).contains("names: [heddle]", "port: " + PORT);
    assertThat(seconds(object(services.get("heddle")).get("stop_grace_period")))
        .isGreaterThan(GRACE.toSeconds());
  }

  @Test
  void metricsAreScrapedWhereTheyAreWithTheKeyOfTheComposition(TestHost host) throws Exception {
    Map<String, Object> scraping = yaml("src/main/docker/prometheus.yml").get(0);
    Map<String, Object> job = object(((List<?>) scraping.get("scrape_configs")).get(0));
    String metrics = get(host.port(), (String) job.get("metrics_path"));

    assertThat((String) object(job.get("authorization")).get("credentials_file"))
        .isEqualTo("/run/secrets/openwop-api-key");
    assertThat(object(composition.get("secrets"))).containsKey("openwop-api-key");
    assertThat(metrics).containsPattern("(?m)^" + backlog() + "[{ ]");
  }

  @Test
  void theManifestProbesWhatTheHostAnswers(TestHost host) throws Exception {
    Map<String, Object> pod =
        object(object(object(spec("Deployment").get("template")).get("spec")));
    Map<String, Object> container = object(((List<?>) pod.get("containers")).get(0));
    Map<String, Object> port = object(((List<?>) container.get("ports")).get(0));

    assertThat(port.get("containerPort")).hasToString(PORT);
    for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
      Map<String, Object> request = object(object(container.get(probe)).get("httpGet"));
      assertThat(request.get("port")).isEqualTo(port.get("name"));
      assertThat(get(host.port(), (String) request.get("path"))).contains("\"status\":\"UP\"");
    }
    assertThat((int) pod.get("terminationGracePeriodSeconds"))
        .isGreaterThan((int) GRACE.toSeconds());
    assertThat(object(container.get("securityContext")).get("readOnlyRootFilesystem"))
        .isEqualTo(true);
    assertThat(object(pod.get("securityContext")).get("runAsUser")).hasToString("10001");
    assertThat(dockerfile).contains("USER 10001:10001");
    for (String kind : List.of("Service", "PodDisruptionBudget", "HorizontalPodAutoscaler")) {
      assertThat(spec(kind)).isNotEmpty();
    }
  }

  private String backlog() {
    Map<String, Object> metric =
        object(((List<?>) spec("HorizontalPodAutoscaler").get("metrics")).get(0));
    return (String) object(object(metric.get("external")).get("metric")).get("name");
  }

  private Map<String, Object> spec(String kind) {
    return manifest.stream()
        .filter(document -> kind.equals(document.get("kind")))
        .map(document -> object(document.get("spec")))
        .findFirst()
        .orElseThrow();
  }

  private static int exitCode(List<String> command, int port) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OPENWOP_PORT", String.valueOf(port));
    Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  private static String get(int port, String path) throws IOException, InterruptedException {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .header("Authorization", "Bearer " + Key.ACME.secret())
                .build(),
            HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static long seconds(Object duration) {
    return Long.parseLong(String.valueOf(duration).replace("s", ""));
  }

  private static long opened(String text) {
    return text.chars().filter(c -> c == '{').count();
  }

  private static long closed(String text) {
    return text.chars().filter(c -> c == '}').count();
  }

  private static List<Map<String, Object>> yaml(String file) {
    List<Map<String, Object>> documents = new ArrayList<>();
    new Yaml().loadAll(read(file)).forEach(document -> documents.add(object(document)));
    return documents;
  }

  private static Map<String, Object> object(Object value) {
    Map<String, Object> object = new HashMap<>();
    ((Map<?, ?>) value).forEach((key, member) -> object.put((String) key, member));
    return object;
  }

  private static List<String> strings(Object value) {
    return value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
