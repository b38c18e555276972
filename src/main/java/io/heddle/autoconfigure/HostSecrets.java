package io.heddle.autoconfigure;

import io.heddle.interrupt.TokenKeys;
import io.heddle.secret.SecretStore;
import io.heddle.secret.Vault;
import io.heddle.webhook.WebhookKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The host's own secrets, as they are configured. */
final class HostSecrets {

  private static final Logger log = LoggerFactory.getLogger(HostSecrets.class);

  private HostSecrets() {}

  static Vault vault(HeddleProperties properties) {
    String masterKey = given(properties.masterKey());
    String next = given(properties.masterKeyNext());
    List<byte[]> previous =
        properties.masterKeyPrevious().stream()
            .filter(key -> !key.isBlank())
            .map(key -> decoded("openwop.master-key-previous", key))
            .toList();
    if (masterKey == null) {
      if (!previous.isEmpty()) {
        throw new IllegalArgumentException(
            "openwop.master-key-previous takes an openwop.master-key: nothing is opened for ever");
      }
      log.warn(
          "There is no openwop.master-key: secrets that this host keeps in its database can be read"
              + " by whoever reads the database");
    }
    return new Vault(
        masterKey == null ? null : decoded("openwop.master-key", masterKey),
        previous,
        next == null ? null : decoded("openwop.master-key-next", next));
  }

  static TokenKeys tokenKeys(
      HeddleProperties.Interrupts interrupts, SecretStore store, Vault vault) {
    Map<String, String> secrets = new TreeMap<>(interrupts.tokenSecrets());
    if (secrets.isEmpty()) {
      return TokenKeys.shared(store, vault);
    }
    List<TokenKeys.Key> keys = new ArrayList<>();
    String signing = interrupts.signingKey();
    if (signing != null && !secrets.containsKey(signing)) {
      throw new IllegalArgumentException(
          "openwop.interrupts.signing-key names none of openwop.interrupts.token-secrets");
    }
    secrets.forEach(
        (id, secret) ->
            keys.add(
                id.equals(signing) ? 0 : keys.size(),
                new TokenKeys.Key(id, decoded("openwop.interrupts.token-secrets." + id, secret))));
    return new TokenKeys(keys);
  }

  static WebhookKeys webhookKeys(
      HeddleProperties.Webhooks webhooks, SecretStore store, Vault vault, InstantSource clock) {
    String key = given(webhooks.signingKey());
    String file = given(webhooks.signingKeyFile());
    if (key != null && file != null) {
      throw new IllegalArgumentException(
          "openwop.webhooks.signing-key and openwop.webhooks.signing-key-file exclude each other");
    }
    if (file != null) {
      key = content("openwop.webhooks.signing-key-file", file);
    }
    List<String> previous = webhooks.previousSigningKeys();
    return key != null
        ? WebhookKeys.configured(key, previous)
        : WebhookKeys.shared(
            store,
            vault,
            previous,
            clock,
            new WebhookKeys.Rotation(webhooks.signingKeyRotation(), webhooks.signingKeyOverlap()));
  }

  private static @Nullable String given(@Nullable String value) {
    return value == null || value.isBlank() ? null : value;
  }

  private static String content(String property, String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException | InvalidPathException e) {
      throw new IllegalArgumentException(property + " names a file that cannot be read");
    }
  }

  private static byte[] decoded(String property, String base64) {
    try {
      return Base64.getDecoder().decode(base64.strip());
    } catch (IllegalArgumentException e) {
      // Without the cause, which may quote the value.
      throw new IllegalArgumentException(property + " must be base64");
    }
  }
}
