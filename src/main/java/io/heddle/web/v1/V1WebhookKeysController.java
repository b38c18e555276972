package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.web.EntityTags;
import io.heddle.webhook.WebhookKeys;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The keys that receivers of webhooks verify with; anybody may read them. */
@RestController
public final class V1WebhookKeysController {

  static final String KEYS = "/v1/host/heddle/webhook-keys";

  // Shorter than keys are published before they sign.
  private static final String CACHE = "public, max-age=300";

  private final WebhookKeys keys;

  public V1WebhookKeysController(WebhookKeys keys) {
    this.keys = keys;
  }

  @GetMapping(KEYS)
  ResponseEntity<byte[]> keys(HttpServletRequest request) {
    List<Map<String, Object>> published =
        keys.published().stream().map(WebhookKeys.PublicKey::jwk).toList();
    byte[] document = Json.bytes(Map.of("keys", published));
    String etag = EntityTags.of(document);
    boolean known = EntityTags.match(request, etag);
    ResponseEntity.BodyBuilder answer =
        ResponseEntity.status(known ? 304 : 200)
            .header("ETag", etag)
            .header("Cache-Control", CACHE);
    return known ? answer.build() : answer.contentType(MediaType.APPLICATION_JSON).body(document);
  }
}
