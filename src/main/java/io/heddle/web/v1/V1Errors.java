package io.heddle.web.v1;

import io.heddle.web.ErrorCode;
import io.heddle.web.ErrorSpelling;
import java.util.Locale;

/** Error codes and statuses of major 1 [rest-endpoints §Common error codes]. */
public final class V1Errors implements ErrorSpelling {

  @Override
  public String code(ErrorCode code) {
    return switch (code) {
      case WORKFLOW_NOT_EDITABLE -> "heddle_workflow_not_editable";
      case ANNOTATIONS_FULL -> "heddle_annotations_full";
      case KEY_NOT_ACTIVE -> "heddle_key_not_active";
      case CORRELATION_MISMATCH -> "heddle_correlation_mismatch";
      // The only one that the protocol spells like this.
      case INVALID_RESUME_VALUE -> code.name();
      case WEBHOOKS_FULL -> "heddle_webhooks_full";
      case DEAD_LETTER_NOT_REDRIVABLE -> "heddle_dead_letter_not_redrivable";
      default -> code.name().toLowerCase(Locale.ROOT);
    };
  }

  @Override
  public int status(ErrorCode code) {
    return switch (code) {
      case VALIDATION_ERROR,
          INVALID_RESUME_VALUE,
          UNSUPPORTED_FORCE_ENGINE_VERSION,
          UNSUPPORTED_MOCK_PROVIDER,
          UNSUPPORTED_STREAM_MODE,
          WEBHOOK_URL_REJECTED,
          WEBHOOK_ENDPOINT_UNVERIFIED ->
          400;
      case UNAUTHENTICATED, KEY_EXPIRED, KEY_REVOKED -> 401;
      case FORBIDDEN, FORCE_ENGINE_VERSION_FORBIDDEN, MOCK_PROVIDER_FORBIDDEN -> 403;
      case NOT_FOUND, INTERRUPT_NOT_FOUND, SUBSCRIPTION_NOT_FOUND -> 404;
      case METHOD_NOT_ALLOWED -> 405;
      case NOT_ACCEPTABLE -> 406;
      case IDEMPOTENCY_KEY_MISMATCH,
          IDEMPOTENCY_IN_FLIGHT,
          RUN_ALREADY_ACTIVE,
          RUN_TERMINAL,
          RUN_STATE_CONFLICT,
          INTERRUPT_ALREADY_RESOLVED,
          WORKFLOW_NOT_EDITABLE,
          ANNOTATIONS_FULL,
          KEY_NOT_ACTIVE,
          WEBHOOKS_FULL,
          DEAD_LETTER_NOT_REDRIVABLE ->
          409;
      case RUN_EXPIRED, INTERRUPT_EXPIRED, INTERRUPT_GONE -> 410;
      case PAYLOAD_TOO_LARGE -> 413;
      case URI_TOO_LONG -> 414;
      case UNSUPPORTED_MEDIA_TYPE -> 415;
      case CORRELATION_MISMATCH, INVALID_FROM_SEQ, CREDENTIAL_REQUIRED -> 422;
      case RATE_LIMITED -> 429;
      case HEADERS_TOO_LARGE -> 431;
      case INTERNAL_ERROR -> 500;
      case NOT_IMPLEMENTED -> 501;
      case HTTP_VERSION_NOT_SUPPORTED -> 505;
      case SERVICE_UNAVAILABLE -> 503;
    };
  }
}
