package io.heddle.autoconfigure;

import io.heddle.web.Errors;
import io.heddle.web.UnreadHeaders;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the closed envelope where Tomcat would write a page: for requests that reach no filter.
 */
final class EnvelopeErrorValve extends ErrorReportValve {

  private static final Logger log = LoggerFactory.getLogger(EnvelopeErrorValve.class);

  private final PathOwnership ownership;

  private final Errors errors;

  private final UnreadHeaders unread;

  EnvelopeErrorValve(PathOwnership ownership, Errors errors, UnreadHeaders unread) {
    this.ownership = ownership;
    this.errors = errors;
    this.unread = unread;
  }

  @Override
  protected void report(Request request, Response response, Throwable failure) {
    int status = response.getStatus();
    String path = request.getRequestURI();
    if (!ownership.isOwnedUri(path == null ? "" : path)) {
      super.report(request, response, failure);
      return;
    }
    if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
      return;
    }
    try {
      if (!unread.refuse(request, response.getResponse(), path, failure)) {
        errors.write(response.getResponse(), errors.refused(status));
      }
      response.finishResponse();
    } catch (IOException e) {
      log.debug("The client left before it heard of its error", e);
    }
  }
}
