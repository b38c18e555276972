package io.heddle.web;

import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.IdempotencyStore.Key;
import io.heddle.idempotency.IdempotentOperations;
import io.heddle.idempotency.IdempotentOperations.Done;
import io.heddle.idempotency.IdempotentOperations.Given;
import io.heddle.json.Json;
import io.heddle.tenancy.Tenant;
import io.heddle.workflow.OfferedWorkflowException;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/** Serves mutations under the caller's {@code Idempotency-Key}, if it sent one. Thread-safe. */
public final class Mutations {

  // A retry of these must be judged anew: the caller may have mended the request or its rights.
  private static final Set<Integer> NEVER_RECORDED = Set.of(400, 401, 403, 408, 413, 415, 429);

  private final IdempotentOperations operations;

  private final Errors errors;

  private final String replayHeader;

  /**
   * @param replayHeader the header that marks an answer given before
   */
  public Mutations(IdempotentOperations operations, Errors errors, String replayHeader) {
    this.operations = operations;
    this.errors = errors;
    this.replayHeader = replayHeader;
  }

  /**
   * Runs a mutation, or gives the answer it was given before.
   *
   * @param operation the routed operation; the same for every path it is reached by
   * @param path the path's parameters, which make a request as different as its body does
   * @param body the request's body as it was read
   */
  public ResponseEntity<byte[]> run(
      HttpServletRequest request,
      Tenant tenant,
      String operation,
      Map<String, String> path,
      Map<String, @Nullable Object> body,
      Supplier<Done> mutation) {
    return run(request, tenant, operation, path, body, mutation, Answer::body);
  }

  /**
   * Runs a mutation whose answer is not stored as it is sent.
   *
   * @param opened makes what is sent of what is stored
   */
  public ResponseEntity<byte[]> run(
      HttpServletRequest request,
      Tenant tenant,
      String operation,
      Map<String, String> path,
      Map<String, @Nullable Object> body,
      Supplier<Done> mutation,
      Function<Answer, String> opened) {
    Given given =
        operations.execute(
            tenant, key(request, operation, path, body), () -> recorded(request, mutation));
    return answer(given, opened);
  }

  /** The answer that this request was given before; for mutations that take more than one step. */
  public Optional<ResponseEntity<byte[]>> given(
      HttpServletRequest request,
      Tenant tenant,
      String operation,
      Map<String, String> path,
      Map<String, @Nullable Object> body,
      Function<Answer, String> opened) {
    Key key = key(request, operation, path, body);
    return key == null
        ? Optional.empty()
        : operations.given(tenant, key).map(given -> answer(given, opened));
  }

  /** {@link #run}, for mutations that {@link Done} tells the audit log of. */
  public ResponseEntity<byte[]> runAudited(
      HttpServletRequest request,
      Tenant tenant,
      String operation,
      Map<String, String> path,
      Map<String, @Nullable Object> body,
      Supplier<Done> mutation) {
    return answer(
        operations.executeAudited(
            tenant, key(request, operation, path, body), () -> recorded(request, mutation)),
        Answer::body);
  }

  private ResponseEntity<byte[]> answer(Given given, Function<Answer, String> opened) {
    ResponseEntity.BodyBuilder answer = ResponseEntity.status(given.answer().status());
    if (given.replayed()) {
      answer.header(replayHeader, "true");
    }
    byte[] bytes = opened.apply(given.answer()).getBytes(StandardCharsets.UTF_8);
    return bytes.length == 0
        ? answer.build()
        : answer.contentType(MediaType.APPLICATION_JSON).body(bytes);
  }

  /** A refusal that a repetition would meet again is an answer like any other. */
  private Done recorded(HttpServletRequest request, Supplier<Done> mutation) {
    try {
      return mutation.get();
    } catch (Problem | OfferedWorkflowException refusal) {
      Problem problem = errors.problem(request, refusal);
      int status = errors.status(problem);
      if (status >= 500 || NEVER_RECORDED.contains(status)) {
        throw refusal;
      }
      return Done.of(errors.answer(problem));
    }
  }

  private static @Nullable Key key(
      HttpServletRequest request,
      String operation,
      Map<String, String> path,
      Map<String, @Nullable Object> body) {
    String key = request.getHeader("Idempotency-Key");
    if (key == null) {
      return null;
    }
    if (key.isBlank()) {
      throw new Problem(ErrorCode.VALIDATION_ERROR, "The Idempotency-Key must not be empty");
    }
    Map<String, @Nullable Object> identity = new LinkedHashMap<>();
    identity.put("path", path);
    identity.put("body", body);
    return new Key(
        operation, sha256(key.getBytes(StandardCharsets.UTF_8)), sha256(Json.canonical(identity)));
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
