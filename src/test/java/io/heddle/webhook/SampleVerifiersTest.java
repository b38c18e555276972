package io.heddle.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.heddle.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verifiers of the documentation are run as they stand there, on what this host sends. */
class SampleVerifiersTest {

  private static final Path DOCUMENT = Path.of("src/main/docs/webhooks.md");

  private static final long NOW = 1_790_000_000;

  private static final String SECRET = "s3cret-with-ü";

  private static final byte[] BODY = "{\"runId\":\"run-1\",\"x\":\"ü\"}".getBytes(UTF_8);

  private static final WebhookKeys KEYS = TestKeys.configured();

  /**
   * What a verifier is given, and what it must say.
   *
   * @param key the secret, or the public keys
   */
  private record Case(
      String name, Map<String, String> headers, byte[] body, Object key, boolean good) {}

  @TempDir private Path directory;

  private static List<Case> cases(String header, Object key, Object wrongKey) {
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("good", headers(NOW, at -> {}), BODY, key, true));
    for (long skew : new long[] {-300, 300}) {
      cases.add(new Case("skewed " + skew, headers(NOW + skew, at -> {}), BODY, key, true));
    }
    for (long skew : new long[] {-301, 301, -NOW, 9_999_999_999_999L}) {
      cases.add(new Case("outdated " + skew, headers(NOW + skew, at -> {}), BODY, key, false));
    }
    cases.add(new Case("other body", headers(NOW, at -> {}), "{}".getBytes(UTF_8), key, false));
    cases.add(new Case("no body", headers(NOW, at -> {}), new byte[0], key, false));
    cases.add(new Case("other key", headers(NOW, at -> {}), BODY, wrongKey, false));
    changed(cases, key, "other time", at -> at.put("x-openwop-timestamp", "" + (NOW - 1)), false);
    changed(cases, key, "spelled time", at -> at.put("x-openwop-timestamp", "0" + NOW), false);
    changed(cases, key, "negative time", at -> at.put("x-openwop-timestamp", "-1"), false);
    changed(cases, key, "no time", at -> at.remove("x-openwop-timestamp"), false);
    changed(cases, key, "text for time", at -> at.put("x-openwop-timestamp", "now"), false);
    changed(cases, key, "no signature", at -> at.remove(header), false);
    changed(cases, key, "empty signature", at -> at.put(header, ""), false);
    changed(
        cases, key, "short signature", at -> at.merge(header, "", (v, x) -> v.substring(1)), false);
    changed(cases, key, "long signature", at -> at.merge(header, "0", String::concat), false);
    changed(cases, key, "strange signature", at -> at.put(header, "sha256=é".repeat(9)), false);
    // Half of such bytes are no signature of any key at all, which libraries tell differently.
    for (int i = 0; i < 16; i++) {
      int at = i;
      changed(
          cases,
          key,
          "another signature " + i,
          headers -> headers.merge(header, "", (value, none) -> damaged(value, at)),
          false);
    }
    return cases;
  }

  private static String damaged(String signature, int at) {
    int i = signature.lastIndexOf("sig=") + 4;
    i = (i < 4 ? signature.indexOf('=') + 1 : i) + at;
    return signature.substring(0, i)
        + (signature.charAt(i) == 'a' ? 'b' : 'a')
        + signature.substring(i + 1);
  }

  private static void changed(
      List<Case> cases,
      Object key,
      String name,
      Consumer<Map<String, String>> change,
      boolean good) {
    cases.add(new Case(name, headers(NOW, change), BODY, key, good));
  }

  private static Map<String, String> headers(long timestamp, Consumer<Map<String, String>> change) {
    Map<String, String> headers = new TreeMap<>();
    WebhookSignatures.headers(
            "sub-1",
            "some.event",
            "msg_0123456789abcdef",
            timestamp,
            BODY,
            List.of(SECRET),
            Set.of(),
            KEYS)
        .forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
    change.accept(headers);
    return headers;
  }

  private static List<Case> secretCases() {
    List<Case> cases = cases("x-openwop-signature", SECRET, SECRET + "x");
    String algorithm = "x-openwop-signature-algorithm";
    changed(cases, SECRET, "no algorithm", at -> at.remove(algorithm), true);
    changed(cases, SECRET, "other algorithm", at -> at.put(algorithm, "v2"), false);
    changed(cases, SECRET, "no key helps", at -> at.remove("x-heddle-signature"), true);
    return cases;
  }

  private static List<Case> keyCases() {
    Map<String, String> keys =
        KEYS.published().stream()
            .collect(
                Collectors.toMap(WebhookKeys.PublicKey::keyId, key -> (String) key.jwk().get("x")));
    Map<String, String> foreign = new LinkedHashMap<>();
    String x = (String) TestKeys.configured().published().get(0).jwk().get("x");
    keys.keySet().forEach(id -> foreign.put(id, x));
    List<Case> cases = cases("x-heddle-signature", keys, foreign);
    cases.add(new Case("no key", headers(NOW, at -> {}), BODY, Map.of(), false));
    changed(cases, keys, "unknown key", at -> id(at, "nobody"), false);
    changed(cases, keys, "no id", at -> id(at, "__proto__"), false);
    changed(cases, keys, "no secret helps", at -> at.remove("x-openwop-signature"), true);
    return cases;
  }

  private static void id(Map<String, String> headers, String id) {
    headers.merge("x-heddle-signature", "", (v, x) -> v.replaceFirst("keyId=[^,]*", "keyId=" + id));
  }

  private static String sample(String language, int index) throws IOException {
    Matcher block =
        Pattern.compile("(?s)```" + language + "\n(.*?)```").matcher(Files.readString(DOCUMENT));
    for (int i = 0; i <= index; i++) {
      assertThat(block.find()).as("%s sample %d of %s", language, index, DOCUMENT).isTrue();
    }
    return block.group(1);
  }

  @Test
  void javaWithTheSecret() throws Exception {
    assertJava("SecretVerifier", sample("java", 0), String.class, secretCases());
  }

  @Test
  void javaWithTheKey() throws Exception {
    assertJava("KeyVerifier", sample("java", 1), Map.class, keyCases());
  }

  private void assertJava(String name, String source, Class<?> key, List<Case> cases)
      throws Exception {
    Path file = Files.writeString(directory.resolve(name + ".java"), source);
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "--release", "17", "-d", directory.toString(), file.toString());
    assertThat(result).as("the compiler's result").isZero();
    Map<String, Boolean> said = new LinkedHashMap<>();
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {directory.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
      Method verify =
          loader
              .loadClass(name)
              .getDeclaredMethod("verify", Map.class, byte[].class, key, long.class);
      verify.setAccessible(true);
      for (Case one : cases) {
        said.put(one.name(), says(verify, one));
      }
    }
    assertThat(said).isEqualTo(expected(cases));
  }

  private static boolean says(Method verify, Case one) throws Exception {
    try {
      return (boolean) verify.invoke(null, one.headers(), one.body(), one.key(), NOW);
    } catch (InvocationTargetException e) {
      throw new AssertionError(one.name(), e.getCause());
    }
  }

  @Test
  void nodeWithTheSecret() throws Exception {
    assertNode(sample("js", 0), secretCases());
  }

  @Test
  void nodeWithTheKey() throws Exception {
    assertNode(sample("js", 1), keyCases());
  }

  private void assertNode(String source, List<Case> cases) throws Exception {
    assumeTrue(runs("node", "--version"), "There is no Node here");
    Files.writeString(directory.resolve("sample.mjs"), source);
    Path all =
        Files.writeString(
            directory.resolve("all.mjs"),
            """
            import { readFileSync } from 'node:fs';
            import { verify } from './sample.mjs';
            const said = {};
            for (const one of JSON.parse(readFileSync(0, 'utf8'))) {
              said[one.name] = verify(one.headers, Buffer.from(one.body, 'base64'), one.key, one.now);
            }
            console.log(JSON.stringify(said));
            """);
    assertThat(answers(cases, "node", all.toString())).isEqualTo(expected(cases));
  }

  @Test
  void pythonWithTheSecret() throws Exception {
    assumeTrue(runs("python3", "--version"), "There is no Python here");
    assertPython(sample("python", 0), secretCases());
  }

  @Test
  void pythonWithTheKey() throws Exception {
    assumeTrue(runs("python3", "-c", "import cryptography"), "This Python has no cryptography");
    assertPython(sample("python", 1), keyCases());
  }

  private void assertPython(String source, List<Case> cases) throws Exception {
    Files.writeString(directory.resolve("sample.py"), source);
    Path all =
        Files.writeString(
            directory.resolve("all.py"),
            """
            import base64, json, sys
            from sample import verify
            print(json.dumps({
                one["name"]: verify(one["headers"], base64.b64decode(one["body"]), one["key"], one["now"])
                for one in json.loads(sys.stdin.buffer.read())
            }))
            """);
    assertThat(answers(cases, "python3", all.toString())).isEqualTo(expected(cases));
  }

  private static Map<String, Boolean> expected(List<Case> cases) {
    Map<String, Boolean> expected = new LinkedHashMap<>();
    cases.forEach(one -> expected.put(one.name(), one.good()));
    assertThat(expected).hasSameSizeAs(cases);
    return expected;
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Map<String, Object> answers(List<Case> cases, String... command) throws Exception {
    List<Map<String, Object>> input = new ArrayList<>();
    for (Case one : cases) {
      input.add(
          Map.of(
              "name", one.name(),
              "headers", one.headers(),
              "body", Base64.getEncoder().encodeToString(one.body()),
              "key", one.key(),
              "now", NOW));
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(Json.bytes(input));
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return Json.parseObject(output);
  }
}
