package io.heddle.web.v1;

import io.heddle.auth.Grant;
import io.heddle.auth.KeyService;
import io.heddle.auth.KeyService.Made;
import io.heddle.auth.KeyStore.Page;
import io.heddle.auth.KeyStore.Position;
import io.heddle.auth.NotHeldException;
import io.heddle.auth.StoredKey;
import io.heddle.auth.StoredKeys;
import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.json.Json;
import io.heddle.spi.Principal;
import io.heddle.tenancy.Tenant;
import io.heddle.web.Callers;
import io.heddle.web.ErrorCode;
import io.heddle.web.Fields;
import io.heddle.web.Mutations;
import io.heddle.web.Parameters;
import io.heddle.web.Problem;
import io.heddle.web.Requests;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** The API keys of a tenant: an extension of this host [auth §API keys]. */
@RestController
public final class V1KeysController {

  private static final String SCOPE = "keys:manage";

  private static final String KEYS = "/v1/host/heddle/keys";

  private static final String KEY = KEYS + "/{keyId:[^:]+}";

  private static final int DEFAULT_LIMIT = 50;

  private static final int MAX_LIMIT = 200;

  private static final int MOST_NAMES = 64;

  private static final int LONGEST_NAME = 128;

  private static final int LONGEST_LABEL = 200;

  private final KeyService keys;

  private final StoredKeys authenticated;

  private final Mutations mutations;

  private final Requests requests;

  /**
   * @param authenticated is told what it must not believe any longer
   */
  public V1KeysController(
      KeyService keys, StoredKeys authenticated, Mutations mutations, Requests requests) {
    this.keys = keys;
    this.authenticated = authenticated;
    this.mutations = mutations;
    this.requests = requests;
  }

  @GetMapping(KEYS)
  ResponseEntity<byte[]> list(HttpServletRequest request) {
    Principal caller = Callers.require(request, SCOPE);
    Position after =
        V1Cursor.read(Parameters.text(request, "cursor"))
            .map(cursor -> new Position(cursor.time(), cursor.id()))
            .orElse(null);
    int limit = Parameters.integer(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
    Page page = keys.page(new Tenant(caller.tenant()), after, limit);
    Map<String, @Nullable Object> document =
        Json.members("keys", page.keys().stream().map(V1KeysController::document).toList());
    if (page.next() != null) {
      document.put(
          "nextCursor", new V1Cursor(page.next().createdAt(), page.next().keyId()).write());
    }
    return V1RunsController.json(200, document);
  }

  @GetMapping(KEY)
  ResponseEntity<byte[]> read(HttpServletRequest request, @PathVariable String keyId) {
    Principal caller = Callers.require(request, SCOPE);
    return V1RunsController.json(200, document(key(caller, keyId)));
  }

  @PostMapping(KEYS)
  ResponseEntity<byte[]> create(HttpServletRequest request) {
    Principal caller = Callers.require(request, SCOPE);
    Map<String, @Nullable Object> body = requests.object(request);
    Fields fields = new Fields(body);
    fields.closed("label", "scopes", "groups", "roles", "principal", "expiresAt");
    fields.require("scopes");
    Set<String> scopes = names(fields, "scopes");
    Set<String> groups = names(fields, "groups");
    Set<String> roles = names(fields, "roles");
    String label = fields.text("label", LONGEST_LABEL);
    String principal = fields.text("principal", LONGEST_NAME);
    if (principal != null && !principal.equals(caller.id())) {
      fields.fault("principal", "must be the caller's own, or absent for a new one");
    }
    Instant expiresAt = time(fields, "expiresAt");
    fields.check();
    return once(
        request,
        caller,
        "v1.heddle.createKey",
        Map.of(),
        body,
        201,
        () ->
            keys.create(
                    caller,
                    new Grant(
                        caller.tenant(),
                        principal == null ? Grant.somebodyNew() : principal,
                        scopes,
                        groups,
                        roles,
                        caller.test()),
                    label,
                    expiresAt)
                .orElseThrow(() -> Problem.invalid("/expiresAt", "must be in the future")));
  }

  @PostMapping(KEY + ":rotate")
  ResponseEntity<byte[]> rotate(HttpServletRequest request, @PathVariable String keyId) {
    Principal caller = Callers.require(request, SCOPE);
    Map<String, @Nullable Object> body = requests.optionalObject(request);
    Fields fields = new Fields(body);
    fields.closed("graceSeconds", "expiresAt");
    int shortest = Math.toIntExact(keys.shortestGrace().toSeconds());
    Integer grace =
        fields.integer(
            "graceSeconds", shortest, Math.toIntExact(KeyService.LONGEST_GRACE.toSeconds()));
    Instant expiresAt = time(fields, "expiresAt");
    fields.check();
    return once(
        request,
        caller,
        "v1.heddle.rotateKey",
        Map.of("keyId", keyId),
        body,
        201,
        () ->
            keys.rotate(
                    caller,
                    key(caller, keyId),
                    Duration.ofSeconds(grace == null ? shortest : grace),
                    expiresAt)
                .orElseThrow(
                    () ->
                        new Problem(
                            ErrorCode.KEY_NOT_ACTIVE,
                            "The key has ended or has been replaced, or the new one would have"
                                + " ended already")));
  }

  @PostMapping(KEY + ":expire")
  ResponseEntity<byte[]> expire(HttpServletRequest request, @PathVariable String keyId) {
    Principal caller = Callers.require(request, SCOPE);
    Map<String, @Nullable Object> body = requests.object(request);
    Fields fields = new Fields(body);
    fields.closed("expiresAt");
    fields.require("expiresAt");
    Instant expiresAt = time(fields, "expiresAt");
    fields.check();
    return changed(
        request,
        caller,
        "v1.heddle.expireKey",
        keyId,
        body,
        key ->
            keys.expire(key, expiresAt == null ? Instant.EPOCH : expiresAt, caller.id())
                .orElseThrow(
                    () ->
                        Problem.invalid(
                            "/expiresAt", "must not be later than when the key expires now")));
  }

  @PostMapping(KEY + ":revoke")
  ResponseEntity<byte[]> revoke(HttpServletRequest request, @PathVariable String keyId) {
    Principal caller = Callers.require(request, SCOPE);
    Map<String, @Nullable Object> body = requests.optionalObject(request);
    return changed(
        request,
        caller,
        "v1.heddle.revokeKey",
        keyId,
        body,
        key -> keys.revoke(key, caller.id()).orElseThrow(() -> Problem.notFound("key")));
  }

  private ResponseEntity<byte[]> changed(
      HttpServletRequest request,
      Principal caller,
      String operation,
      String keyId,
      Map<String, @Nullable Object> body,
      Function<StoredKey, StoredKey> change) {
    return mutations.runAudited(
        request,
        new Tenant(caller.tenant()),
        operation,
        Map.of("keyId", keyId),
        body,
        () -> {
          StoredKey now = change.apply(key(caller, keyId));
          return new Done(
              new Answer(200, Json.write(document(now))),
              () -> authenticated.forget(keyId),
              () -> {});
        });
  }

  private interface Maker {

    Made make();
  }

  /** Shows a key to whoever made it; a repetition of the request is answered without it. */
  private ResponseEntity<byte[]> once(
      HttpServletRequest request,
      Principal caller,
      String operation,
      Map<String, String> path,
      Map<String, @Nullable Object> body,
      int status,
      Maker maker) {
    Made[] made = new Made[1];
    ResponseEntity<byte[]> recorded =
        mutations.runAudited(
            request,
            new Tenant(caller.tenant()),
            operation,
            path,
            body,
            () -> {
              made[0] = make(maker);
              Answer answer = new Answer(status, Json.write(document(made[0].stored())));
              return new Done(answer, () -> path.values().forEach(authenticated::forget), () -> {});
            });
    if (made[0] == null) {
      return recorded;
    }
    Map<String, @Nullable Object> shown = document(made[0].stored());
    shown.put("key", made[0].key());
    return ResponseEntity.status(status)
        .header("Cache-Control", "no-store")
        .contentType(MediaType.APPLICATION_JSON)
        .body(Json.bytes(shown));
  }

  private static Made make(Maker maker) {
    try {
      return maker.make();
    } catch (NotHeldException e) {
      throw new Problem(ErrorCode.FORBIDDEN, "A key may be granted only what its creator holds");
    }
  }

  private StoredKey key(Principal caller, String keyId) {
    return keys.find(new Tenant(caller.tenant()), keyId).orElseThrow(() -> Problem.notFound("key"));
  }

  private static Set<String> names(Fields fields, String member) {
    List<String> names = fields.texts(member, MOST_NAMES, LONGEST_NAME);
    if (names == null) {
      return Set.of();
    }
    if (names.stream().anyMatch(String::isBlank)) {
      fields.fault(member, "must not hold blank names");
    }
    return Set.copyOf(names);
  }

  private static @Nullable Instant time(Fields fields, String member) {
    String text = fields.text(member, LONGEST_NAME);
    if (text == null) {
      return null;
    }
    return Parameters.time(text)
        .orElseGet(
            () -> {
              fields.fault(member, "must be an ISO 8601 time with its zone");
              return Instant.EPOCH;
            });
  }

  private static Map<String, @Nullable Object> document(StoredKey key) {
    Grant grant = key.grant();
    Map<String, @Nullable Object> document =
        Json.members(
            "keyId",
            key.keyId(),
            "state",
            key.state().name().toLowerCase(Locale.ROOT),
            "principal",
            grant.principal(),
            "scopes",
            new TreeSet<>(grant.scopes()),
            "groups",
            new TreeSet<>(grant.groups()),
            "roles",
            new TreeSet<>(grant.roles()),
            "test",
            grant.test(),
            "createdAt",
            V1Documents.time(key.createdAt()),
            "createdBy",
            key.createdBy());
    put(document, "label", key.label());
    put(document, "expiresAt", time(key.expiresAt()));
    put(document, "revokedAt", time(key.revokedAt()));
    put(document, "replacedBy", key.replacedBy());
    put(document, "lastUsedAt", time(key.lastUsedAt()));
    return document;
  }

  private static @Nullable String time(@Nullable Instant time) {
    return time == null ? null : V1Documents.time(time);
  }

  private static void put(
      Map<String, @Nullable Object> document, String member, @Nullable String value) {
    if (value != null) {
      document.put(member, value);
    }
  }
}
