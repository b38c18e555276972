package io.heddle.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.heddle.postgres.SecretSql;
import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import io.heddle.testkit.PostgresPerJvm;
import io.heddle.webhook.TestKeys;
import io.heddle.webhook.WebhookKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Where the key that signs webhooks comes from. */
class WebhookKeySettingsTest {

  private static SecretStore store;

  private final KeyPair pair = TestKeys.pair();

  private final String pem = TestKeys.pem(pair.getPrivate());

  @TempDir private Path directory;

  @BeforeAll
  static void open() {
    store = new SecretSql(JdbcClient.create(PostgresPerJvm.freshDatabase().dataSource()));
  }

  private static WebhookKeys keys(@Nullable String key, @Nullable String file, String... previous) {
    return HostSecrets.webhookKeys(
        settings(key, file, previous), store, new Vault(null), InstantSource.system());
  }

  private static HeddleProperties.Webhooks settings(
      @Nullable String key, @Nullable String file, String... previous) {
    Map<String, String> given = new HashMap<>();
    if (key != null) {
      given.put("openwop.webhooks.signing-key", key);
    }
    if (file != null) {
      given.put("openwop.webhooks.signing-key-file", file);
    }
    for (int i = 0; i < previous.length; i++) {
      given.put("openwop.webhooks.previous-signing-keys[" + i + "]", previous[i]);
    }
    return new Binder(new MapConfigurationPropertySource(given))
        .bindOrCreate("openwop.webhooks", HeddleProperties.Webhooks.class);
  }

  private static String first(WebhookKeys keys) {
    return keys.published().get(0).keyId();
  }

  @Test
  void aFileAndAPropertyGiveTheSameKey() throws IOException {
    Path file = Files.writeString(directory.resolve("key.pem"), pem);

    String id = first(keys(pem, null));
    assertThat(first(keys(null, file.toString()))).isEqualTo(id);
    assertThat(first(keys(pem.replace("\n", "\\n"), " "))).isEqualTo(id);
    assertThat(first(keys(pem.replaceAll("\\s(?!KEY|PRIVATE)", " "), null))).isEqualTo(id);
  }

  @Test
  void withoutEitherTheHostsShareOne() {
    String shared = first(keys(null, null));

    assertThat(first(keys("", " "))).isEqualTo(shared);
    WebhookKeys own = keys(pem, null, TestKeys.pem(TestKeys.pair().getPublic()));
    assertThat(own.published()).hasSize(2);
    assertThat(first(own)).isNotEqualTo(shared);
  }

  @Test
  void whatCannotBeAStartIsToldWithoutTheKey() {
    assertThatThrownBy(() -> keys(pem, directory.toString()))
        .hasMessage(
            "openwop.webhooks.signing-key and openwop.webhooks.signing-key-file exclude each other");
    for (String file : List.of(directory.resolve("none").toString(), directory.toString(), "\0")) {
      assertThatThrownBy(() -> keys(null, file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("openwop.webhooks.signing-key-file names a file that cannot be read");
    }
    assertThat(settings(pem, null, pem).toString()).isEqualTo("Webhooks");
  }
}
