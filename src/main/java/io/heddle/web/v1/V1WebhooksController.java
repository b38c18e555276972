package io.heddle.web.v1;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.heddle.egress.EgressRefusedException;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.json.Json;
import io.heddle.run.EventType;
import io.heddle.run.Ids;
import io.heddle.secret.Vault;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Mutations;
import io.heddle.web.Parameters;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import io.heddle.webhook.Subscription;
import io.heddle.webhook.SubscriptionStore.Rotation;
import io.heddle.webhook.UnverifiedException;
import io.heddle.webhook.WebhookKeys;
import io.heddle.webhook.WebhookSignatures;
import io.heddle.webhook.Webhooks;
import io.heddle.webhook.Webhooks.Candidate;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Subscriptions to the events of a tenant's runs [webhooks, RFC 0201]. */
@RestController
public final class V1WebhooksController implements V1Capability {

  /** What it takes to register webhooks. */
  public static final String SCOPE = "webhooks:manage";

  private static final String OPERATION = "v1.registerWebhook";

  private static final String SUBSCRIPTION = "/v1/webhooks/{webhookId}";

  private static final String PLAIN = WebhookSignatures.V1;

  private static final String STANDARD = WebhookSignatures.STANDARD_WEBHOOKS;

  private static final List<String> OFFERED = List.of(PLAIN, STANDARD, WebhookSignatures.ED25519);

  private static final String SECRET_PREFIX = WebhookSignatures.STANDARD_SECRET_PREFIX;

  private static final int MAX_URL = 2_048;

  private static final int MAX_FILTERS = 100;

  private static final int MAX_TEXT = 256;

  private static final String SEALED_ANSWER = "an answer that holds a webhook's secret";

  private static final Map<String, EventType> TYPES =
      Arrays.stream(EventType.values())
          .collect(Collectors.toUnmodifiableMap(V1Mapping::spell, Function.identity()));

  private final Webhooks webhooks;

  private final Vault vault;

  private final Mutations mutations;

  private final Requests requests;

  private final WebhookKeys keys;

  private final Duration overlap;

  /**
   * @param overlap for how long a secret that was replaced still signs
   */
  public V1WebhooksController(
      Webhooks webhooks,
      Vault vault,
      Mutations mutations,
      Requests requests,
      WebhookKeys keys,
      Duration overlap) {
    this.keys = keys;
    this.webhooks = webhooks;
    this.vault = vault;
    this.mutations = mutations;
    this.requests = requests;
    this.overlap = overlap;
  }

  @Override
  public String family() {
    return "webhooks";
  }

  @Override
  public boolean isFor(Set<String> scopes) {
    return scopes.contains(SCOPE);
  }

  @Override
  public Map<String, Object> members() {
    return Map.of(
        "supported",
        true,
        "signatureAlgorithms",
        OFFERED,
        "secretRotation",
        Map.of("overlapSeconds", overlap.toSeconds()),
        "signingKeys",
        Map.of(
            "url",
            V1WebhookKeysController.KEYS,
            "signatureHeader",
            WebhookSignatures.HEDDLE_SIGNATURE,
            "keys",
            keys.published().stream().map(WebhookKeys.PublicKey::jwk).toList()));
  }

  /** Not through the framework's converters, which would log the answer with the secret in it. */
  @PostMapping("/v1/webhooks")
  void register(HttpServletRequest request, HttpServletResponse response) throws IOException {
    ResponseEntity<byte[]> answer = registered(request);
    response.setStatus(answer.getStatusCode().value());
    answer
        .getHeaders()
        .forEach((name, values) -> values.forEach(value -> response.addHeader(name, value)));
    byte[] body = answer.getBody();
    if (body != null) {
      response.setContentLength(body.length);
      response.getOutputStream().write(body);
    }
  }

  private ResponseEntity<byte[]> registered(HttpServletRequest request) {
    Principal caller = Callers.require(request, SCOPE);
    Map<String, @Nullable Object> body = requests.object(request);
    Webhooks.Request wanted = wanted(body);
    Tenant tenant = member(caller, (String) body.get("tenantId"));
    Optional<ResponseEntity<byte[]>> given =
        mutations.given(request, tenant, OPERATION, Map.of(), body, this::opened);
    if (given.isPresent()) {
      return given.get();
    }
    // Whatever the host asks of others is asked before there is a transaction.
    Candidate candidate = prepared(tenant, wanted);
    return mutations.runAudited(
        request,
        tenant,
        OPERATION,
        Map.of(),
        body,
        () -> {
          if (!webhooks.keep(candidate, caller.id())) {
            throw new Problem(
                ErrorCode.WEBHOOKS_FULL,
                "This tenant cannot have more webhooks",
                Map.of("maxWebhooks", webhooks.mostPerTenant()));
          }
          String answer = Json.write(registered(candidate, wanted, body));
          return Done.of(new Answer(201, sealed(answer)))
              .audited(
                  V1Audit.event(
                      caller, "webhook.registered", candidate.subscription().webhookId()));
        },
        this::opened);
  }

  @DeleteMapping(SUBSCRIPTION)
  ResponseEntity<byte[]> unregister(HttpServletRequest request, @PathVariable String webhookId) {
    Principal caller = Callers.require(request, SCOPE);
    Tenant tenant = tenant(request);
    return mutations.runAudited(
        request,
        tenant,
        "v1.deleteWebhook",
        Map.of("webhookId", webhookId),
        Map.of(),
        () -> {
          if (!Ids.isWellFormed(webhookId) || !webhooks.delete(tenant, webhookId)) {
            throw unknown();
          }
          return Done.of(new Answer(204, ""))
              .audited(V1Audit.event(caller, "webhook.deleted", webhookId));
        });
  }

  @PostMapping(SUBSCRIPTION + "/rotate-secret")
  ResponseEntity<byte[]> rotate(HttpServletRequest request, @PathVariable String webhookId) {
    Principal caller = Callers.require(request, SCOPE);
    Tenant tenant = tenant(request);
    Map<String, @Nullable Object> body = requests.object(request);
    Fields fields = new Fields(body);
    String secret = fields.requiredText("secret");
    checkSecret(fields, secret);
    fields.check();
    return mutations.runAudited(
        request,
        tenant,
        "v1.rotateWebhookSecret",
        Map.of("webhookId", webhookId),
        body,
        () -> {
          Rotation rotation = rotated(tenant, webhookId, secret);
          return Done.of(
                  new Answer(
                      200,
                      Json.write(
                          Json.members(
                              "rotatedAt",
                              V1Documents.time(rotation.rotatedAt()),
                              "previousSecretExpiresAt",
                              V1Documents.time(rotation.previousUntil())))))
              .audited(V1Audit.event(caller, "webhook.secret-rotated", webhookId));
        });
  }

  private Rotation rotated(Tenant tenant, String webhookId, String secret) {
    if (!Ids.isWellFormed(webhookId)) {
      throw unknown();
    }
    Subscription subscription =
        webhooks.find(tenant, webhookId).orElseThrow(V1WebhooksController::unknown);
    if (!subscription.algorithms().contains(STANDARD)) {
      throw new Problem(
          ErrorCode.VALIDATION_ERROR,
          "Only the secret of a webhook that is signed by %s can be rotated".formatted(STANDARD));
    }
    return webhooks
        .rotate(tenant, webhookId, secret, overlap)
        .orElseThrow(V1WebhooksController::unknown);
  }

  private Candidate prepared(Tenant tenant, Webhooks.Request wanted) {
    try {
      return webhooks.prepare(tenant, wanted);
    } catch (EgressRefusedException e) {
      throw new Problem(
          ErrorCode.WEBHOOK_URL_REJECTED,
          "This host does not deliver to this URL",
          Map.of("reason", e.reason()));
    } catch (UnverifiedException e) {
      throw new Problem(ErrorCode.WEBHOOK_ENDPOINT_UNVERIFIED, String.valueOf(e.getMessage()));
    }
  }

  private static Webhooks.Request wanted(Map<String, @Nullable Object> body) {
    Fields fields = new Fields(body);
    String url = fields.requiredText("url");
    if (url.length() > MAX_URL) {
      fields.fault("url", "must have at most %d characters".formatted(MAX_URL));
    }
    Set<EventType> events = events(fields);
    fields.text("tenantId", MAX_TEXT);
    List<String> tags = fields.texts("tags", MAX_FILTERS, MAX_TEXT);
    if (tags != null && tags.isEmpty()) {
      fields.fault("tags", "must have an item, if it is there");
    }
    List<String> algorithms = algorithms(fields);
    String secret = fields.text("secret", MAX_TEXT);
    if (algorithms.contains(STANDARD)) {
      if (secret == null) {
        fields.require("secret");
      } else {
        checkSecret(fields, secret);
      }
    } else if (secret != null) {
      fields.fault("secret", "is only for webhooks that are signed by " + STANDARD);
    }
    fields.check();
    return new Webhooks.Request(url, events, tags, algorithms, secret, algorithms.size() > 1);
  }

  private static Set<EventType> events(Fields fields) {
    fields.require("events");
    List<String> spelled = fields.texts("events", MAX_FILTERS, MAX_TEXT);
    Set<EventType> events = EnumSet.noneOf(EventType.class);
    if (spelled != null) {
      if (spelled.isEmpty()) {
        fields.fault("events", "must have an item");
      }
      for (int i = 0; i < spelled.size(); i++) {
        EventType type = TYPES.get(spelled.get(i));
        if (type == null) {
          fields.fault("events/" + i, "is no type of event that this host tells of");
        } else {
          events.add(type);
        }
      }
    }
    return events;
  }

  private static List<String> algorithms(Fields fields) {
    List<String> algorithms = fields.texts("signatureAlgorithms", OFFERED.size(), MAX_TEXT);
    if (algorithms == null) {
      return List.of(PLAIN);
    }
    if (!algorithms.contains(PLAIN)
        || new HashSet<>(algorithms).size() < algorithms.size()
        || !OFFERED.containsAll(algorithms)) {
      fields.fault(
          "signatureAlgorithms",
          "must hold %s and may hold each of %s once".formatted(PLAIN, String.join(", ", OFFERED)));
    }
    return algorithms;
  }

  private static void checkSecret(Fields fields, String secret) {
    try {
      int length =
          secret.startsWith(SECRET_PREFIX)
              ? Base64.getDecoder().decode(secret.substring(SECRET_PREFIX.length())).length
              : 0;
      if (length >= 24 && length <= 64) {
        return;
      }
    } catch (IllegalArgumentException e) {
      // Refused below like a secret of another length.
    }
    fields.fault("secret", "must be %s and 24 to 64 bytes in base64".formatted(SECRET_PREFIX));
  }

  private static Map<String, @Nullable Object> registered(
      Candidate candidate, Webhooks.Request wanted, Map<String, @Nullable Object> body) {
    Map<String, @Nullable Object> answer =
        Json.members("webhookId", candidate.subscription().webhookId());
    if (wanted.secret() == null) {
      answer.put("secret", candidate.secret());
    }
    answer.put("secretFingerprint", fingerprint(candidate.secret()));
    if (body.containsKey("signatureAlgorithms")) {
      answer.put("signatureAlgorithms", wanted.algorithms());
    }
    return answer;
  }

  private static String fingerprint(String secret) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(secret.getBytes(UTF_8));
      return HexFormat.of().formatHex(digest, 0, 4);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  // What is kept for repetitions must not be read by whoever reads the database.
  private String sealed(String answer) {
    return Base64.getEncoder().encodeToString(vault.seal(answer.getBytes(UTF_8), SEALED_ANSWER));
  }

  private String opened(Answer answer) {
    return answer.status() == 201
        ? new String(vault.open(Base64.getDecoder().decode(answer.body()), SEALED_ANSWER), UTF_8)
        : answer.body();
  }

  private static Tenant tenant(HttpServletRequest request) {
    return member(Callers.require(request, SCOPE), Parameters.text(request, "tenantId"));
  }

  private static Tenant member(Principal caller, @Nullable String tenantId) {
    if (tenantId != null && !tenantId.equals(caller.tenant())) {
      throw new Problem(ErrorCode.FORBIDDEN, "The credential is not of this tenant");
    }
    return new Tenant(caller.tenant());
  }

  private static Problem unknown() {
    return new Problem(ErrorCode.SUBSCRIPTION_NOT_FOUND, "There is no such webhook");
  }
}
