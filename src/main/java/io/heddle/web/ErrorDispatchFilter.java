package io.heddle.web;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Predicate;

/**
 * Answers in place of an error page: the container forwards there what it refuses before or after
 * any filter has seen the request.
 */
public final class ErrorDispatchFilter implements Filter {

  private final Predicate<String> isOwned;

  private final Errors errors;

  private final UnreadHeaders unread;

  /**
   * @param isOwned whether a URI, as it was asked for, belongs to the protocol
   */
  public ErrorDispatchFilter(Predicate<String> isOwned, Errors errors, UnreadHeaders unread) {
    this.isOwned = isOwned;
    this.errors = errors;
    this.unread = unread;
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    Object path = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
    Object status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE);
    if (status instanceof Integer code && isOwned.test(String.valueOf(path))) {
      if (!unread.refuse(
          (HttpServletRequest) request,
          (HttpServletResponse) response,
          (String) path,
          (Throwable) request.getAttribute(RequestDispatcher.ERROR_EXCEPTION))) {
        errors.write((HttpServletResponse) response, errors.refused(code));
      }
    } else {
      chain.doFilter(request, response);
    }
  }
}
