package io.heddle.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.web.ErrorResponse;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.ModelAndView;

/** Answers for protocol requests before an application's own exception handlers see them. */
public final class ProtocolExceptionResolver implements HandlerExceptionResolver, Ordered {

  private final Errors errors;

  private final RunDenials denials;

  public ProtocolExceptionResolver(Errors errors, RunDenials denials) {
    this.errors = errors;
    this.denials = denials;
  }

  @Override
  public int getOrder() {
    return HIGHEST_PRECEDENCE;
  }

  @Override
  public @Nullable ModelAndView resolveException(
      HttpServletRequest request,
      HttpServletResponse response,
      @Nullable Object handler,
      Exception failure) {
    if (!Callers.isOwned(request)) {
      return null;
    }
    if (failure instanceof ErrorResponse refused) {
      // What would be accepted instead, for example the methods of a path.
      refused
          .getHeaders()
          .forEach((name, values) -> values.forEach(value -> response.addHeader(name, value)));
    }
    if (failure instanceof IOException) {
      // The client is gone; there is nobody to answer.
      return new ModelAndView();
    }
    denials.refused(request);
    try {
      errors.write(response, errors.problem(request, failure));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ModelAndView();
  }
}
