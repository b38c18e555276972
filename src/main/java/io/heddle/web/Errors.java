package io.heddle.web;

import io.heddle.idempotency.IdempotencyStore.Answer;
import io.heddle.idempotency.InFlightException;
import io.heddle.idempotency.KeyMismatchException;
import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.redaction.Printable;
import io.heddle.redaction.Tokens;
import io.heddle.run.AtCapacityException;
import io.heddle.run.RunAlreadyActiveException;
import io.heddle.secret.MissingSecretsException;
import io.heddle.secret.SecretUnavailableException;
import io.heddle.workflow.Fault;
import io.heddle.workflow.InvalidInputsException;
import io.heddle.workflow.InvalidWorkflowException;
import io.heddle.workflow.OfferedWorkflowException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.http.HttpStatus;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.transaction.TransactionException;
import org.springframework.web.ErrorResponse;

/**
 * Turns whatever goes wrong into the closed envelope {@code {error, message, details?}}: what the
 * host refuses, what the framework and the container refuse, and what breaks. Thread-safe.
 */
public final class Errors {

  private static final Logger log = LoggerFactory.getLogger(Errors.class);

  // The protocol tells hosts in a browser from others; which of our nodes it is concerns nobody.
  private static final String ACTIVE_HOST = "cloud";

  static final String CHALLENGE = "WWW-Authenticate";

  private final ErrorSpelling spelling;

  private final int retryAfterSeconds;

  private final ExpiredRuns expiredRuns;

  /**
   * @param retryAfterSeconds what a caller is told to wait while the host cannot serve
   */
  public Errors(ErrorSpelling spelling, int retryAfterSeconds, ExpiredRuns expiredRuns) {
    this.spelling = spelling;
    this.retryAfterSeconds = retryAfterSeconds;
    this.expiredRuns = expiredRuns;
  }

  /** What a failure means to the caller of a request, which may be about a run that is gone. */
  public Problem problem(HttpServletRequest request, Throwable failure) {
    Problem problem = problem(failure);
    if (status(problem) != HttpStatus.NOT_FOUND.value()) {
      return problem;
    }
    try {
      return expiredRuns.askedFor(request).orElse(problem);
    } catch (RuntimeException e) {
      return problem(e);
    }
  }

  /** What a failure means to the caller. */
  public Problem problem(Throwable failure) {
    if (failure instanceof Problem problem) {
      return problem;
    }
    if (failure instanceof JsonFault fault) {
      return Problem.invalid(fault.pointer(), fault.problem());
    }
    if (failure instanceof InvalidInputsException invalid) {
      return Problem.invalid(places(invalid.faults()));
    }
    if (failure instanceof InvalidWorkflowException invalid) {
      return Problem.invalid(places(invalid.faults()));
    }
    if (failure instanceof OfferedWorkflowException) {
      return new Problem(
          ErrorCode.WORKFLOW_NOT_EDITABLE, "The host offers this workflow; it cannot be changed");
    }
    if (failure instanceof KeyMismatchException) {
      return new Problem(
          ErrorCode.IDEMPOTENCY_KEY_MISMATCH,
          "The Idempotency-Key was used before for another request");
    }
    if (failure instanceof InFlightException) {
      return Problem.retryLater(
          ErrorCode.IDEMPOTENCY_IN_FLIGHT,
          "A request with this Idempotency-Key is still at work",
          1);
    }
    if (failure instanceof RunAlreadyActiveException active) {
      // Thrown through the idempotency record, so that a retry under the same key is judged anew.
      return Problem.retryLater(
          ErrorCode.RUN_ALREADY_ACTIVE,
          "Another run is live in this scope",
          Math.max(1, retryAfterSeconds),
          Map.of("activeRunId", active.activeRunId(), "activeHost", ACTIVE_HOST));
    }
    if (failure instanceof MissingSecretsException missing) {
      // No Problem either: a retry under the same key is judged anew.
      return new Problem(
          ErrorCode.CREDENTIAL_REQUIRED,
          "The workflow needs secrets that are not provisioned",
          Map.of("secretIds", missing.secretIds()));
    }
    if (failure instanceof SecretUnavailableException) {
      return Problem.retryLater(
          ErrorCode.SERVICE_UNAVAILABLE, "A store of secrets does not answer", retryAfterSeconds);
    }
    if (failure instanceof AtCapacityException) {
      return Problem.retryLater(
          ErrorCode.SERVICE_UNAVAILABLE,
          "The host is at capacity; retry after %d s".formatted(retryAfterSeconds),
          retryAfterSeconds);
    }
    if (isDatabaseAway(failure)) {
      log.warn("The database does not answer: {}", Printable.line(failure));
      return Problem.retryLater(
          ErrorCode.SERVICE_UNAVAILABLE, "The host cannot serve now", retryAfterSeconds);
    }
    if (failure instanceof RequestRejectedException) {
      return refused(HttpServletResponse.SC_BAD_REQUEST);
    }
    if (failure instanceof ErrorResponse refused) {
      return refused(refused.getStatusCode().value());
    }
    log.error("A request failed", Printable.of(failure));
    return new Problem(ErrorCode.INTERNAL_ERROR, "The host failed to serve the request");
  }

  /** What a bare HTTP status of the framework or the container means. */
  public Problem refused(int status) {
    HttpStatus known = HttpStatus.resolve(status);
    if (known == null || status < 400) {
      return new Problem(ErrorCode.INTERNAL_ERROR, "The host failed to serve the request");
    }
    return switch (known) {
      case NOT_FOUND -> new Problem(ErrorCode.NOT_FOUND, "There is nothing at this path");
      case METHOD_NOT_ALLOWED ->
          new Problem(ErrorCode.METHOD_NOT_ALLOWED, "This path does not serve this method");
      case NOT_ACCEPTABLE ->
          new Problem(ErrorCode.NOT_ACCEPTABLE, "None of the accepted media types can be served");
      case PAYLOAD_TOO_LARGE, CONTENT_TOO_LARGE ->
          new Problem(ErrorCode.PAYLOAD_TOO_LARGE, "The request body is too large");
      case URI_TOO_LONG -> new Problem(ErrorCode.URI_TOO_LONG, "The request path is too long");
      case UNSUPPORTED_MEDIA_TYPE ->
          new Problem(
              ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The request body must be application/json");
      case REQUEST_HEADER_FIELDS_TOO_LARGE ->
          new Problem(ErrorCode.HEADERS_TOO_LARGE, "The request headers are too large");
      case UNAUTHORIZED -> new Problem(ErrorCode.UNAUTHENTICATED, "A credential is required");
      case FORBIDDEN -> new Problem(ErrorCode.FORBIDDEN, "The credential does not permit this");
      case NOT_IMPLEMENTED ->
          new Problem(ErrorCode.NOT_IMPLEMENTED, "The host does not serve requests of this kind");
      case HTTP_VERSION_NOT_SUPPORTED ->
          new Problem(
              ErrorCode.HTTP_VERSION_NOT_SUPPORTED, "The host does not speak this HTTP version");
      case SERVICE_UNAVAILABLE ->
          Problem.retryLater(
              ErrorCode.SERVICE_UNAVAILABLE, "The host cannot serve now", retryAfterSeconds);
      default ->
          known.is4xxClientError()
              ? new Problem(ErrorCode.VALIDATION_ERROR, "The request is malformed")
              : new Problem(ErrorCode.INTERNAL_ERROR, "The host failed to serve the request");
    };
  }

  /** The answer as it is stored for callers that repeat a request. */
  public Answer answer(Problem problem) {
    return new Answer(status(problem), Json.write(envelope(problem)));
  }

  /** The HTTP status of a problem. */
  public int status(Problem problem) {
    return spelling.status(problem.code());
  }

  /** The spelling of a code, for answers that hold an error inside. */
  public String code(ErrorCode code) {
    return spelling.code(code);
  }

  /** Answers a request with a problem, unless an answer is already on its way. */
  public void write(HttpServletResponse response, Problem problem) throws IOException {
    if (response.isCommitted()) {
      return;
    }
    response.resetBuffer();
    response.setStatus(status(problem));
    response.setContentType("application/json");
    if (problem.retryAfterSeconds() != null) {
      response.setHeader("Retry-After", String.valueOf(problem.retryAfterSeconds()));
    }
    challenge(response, problem);
    byte[] body = Json.bytes(envelope(problem));
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
    response.flushBuffer();
  }

  /**
   * The challenge of a 401.
   *
   * @param presented whether there was a credential to be refused
   */
  static String challenge(boolean presented) {
    return presented ? "Bearer error=\"invalid_token\"" : "Bearer";
  }

  /** RFC 9110 wants one with every 401; RFC 6750 says how scopes are asked for. */
  private static void challenge(HttpServletResponse response, Problem problem) {
    if (problem.scope() != null) {
      response.setHeader(
          CHALLENGE,
          "Bearer error=\"insufficient_scope\", scope=\"%s\"".formatted(problem.scope()));
    } else if (response.getStatus() == HttpServletResponse.SC_UNAUTHORIZED
        && !response.containsHeader(CHALLENGE)) {
      response.setHeader(CHALLENGE, challenge(false));
    }
  }

  // Messages quote no values, but pointers name members that a caller made up.
  private Map<String, @Nullable Object> envelope(Problem problem) {
    Map<String, @Nullable Object> envelope = new LinkedHashMap<>();
    envelope.put("error", spelling.code(problem.code()));
    envelope.put("message", String.valueOf(problem.getMessage()));
    if (!problem.details().isEmpty()) {
      envelope.put("details", problem.details());
    }
    return Tokens.redactedMembers(envelope);
  }

  private static boolean isDatabaseAway(Throwable failure) {
    return failure instanceof TransientDataAccessException
        || failure instanceof RecoverableDataAccessException
        || failure instanceof DataAccessResourceFailureException
        || failure instanceof NonTransientDataAccessResourceException
        || failure instanceof TransactionException;
  }

  private static List<Problem.Place> places(List<Fault> faults) {
    return faults.stream()
        .map(fault -> new Problem.Place(fault.pointer(), fault.problem()))
        .toList();
  }
}
