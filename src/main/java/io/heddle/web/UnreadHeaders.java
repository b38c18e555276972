package io.heddle.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/**
 * Refuses requests whose headers are more than the container reads. Nobody knows who sent them, so
 * they are refused like those without a credential, whatever they ask for. Thread-safe.
 */
public final class UnreadHeaders {

  private final Predicate<Throwable> isOverflow;

  private final Predicate<String> isPublic;

  private final Errors errors;

  /**
   * @param isOverflow whether the container failed with this because there were more headers
   * @param isPublic whether a path needs no credential
   */
  public UnreadHeaders(Predicate<Throwable> isOverflow, Predicate<String> isPublic, Errors errors) {
    this.isOverflow = isOverflow;
    this.isPublic = isPublic;
    this.errors = errors;
  }

  /**
   * Answers a request that the container has given up, if that is why.
   *
   * @param path null if the container has not even read that
   * @param failure what the container failed with, if it says so
   */
  public boolean refuse(
      HttpServletRequest request,
      HttpServletResponse response,
      @Nullable String path,
      @Nullable Throwable failure)
      throws IOException {
    if (path == null || failure == null || !isOverflow.test(failure)) {
      return false;
    }
    if (isPublic.test(path)) {
      errors.write(response, errors.refused(HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.value()));
      return true;
    }
    response.setHeader(Errors.CHALLENGE, Errors.challenge(presentsCredential(request)));
    errors.write(
        response,
        new Problem(
            ErrorCode.UNAUTHENTICATED,
            "The request headers are too large for a credential to be found in them"));
    return true;
  }

  // By its name, for its value may be what has not been read.
  private static boolean presentsCredential(HttpServletRequest request) {
    return Collections.list(request.getHeaderNames()).stream()
        .anyMatch("Authorization"::equalsIgnoreCase);
  }
}
