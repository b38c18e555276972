package io.heddle.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.util.WebUtils;

/**
 * Compresses JSON answers for callers that ask for it, however short they are. The compressed
 * answer is a representation of its own with a strong tag of its own; what is behind this filter
 * knows nothing of that and sees tags of the plain one in both directions.
 */
public final class GzipFilter extends OncePerRequestFilter {

  /** The content coding that is made. */
  public static final String CODING = "gzip";

  private static final String SUFFIX = "-gzip\"";

  private final Predicate<String> isOwned;

  /**
   * @param isOwned whether a path belongs to the protocol
   */
  public GzipFilter(Predicate<String> isOwned) {
    this.isOwned = isOwned;
  }

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    return !isOwned.test(Callers.path(request));
  }

  /** An answer that was waited for is written by a dispatch of its own. */
  @Override
  protected boolean shouldNotFilterAsyncDispatch() {
    return false;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    GzipResponse compressing = WebUtils.getNativeResponse(response, GzipResponse.class);
    if (compressing != null || isAsyncDispatch(request)) {
      chain.doFilter(request, response);
    } else {
      response.addHeader("Vary", "Accept-Encoding");
      List<String> accepted = Collections.list(request.getHeaders("Accept-Encoding"));
      if (!AcceptEncoding.prefersGzip(accepted)) {
        chain.doFilter(request, response);
        return;
      }
      compressing = new GzipResponse(response);
      chain.doFilter(new PlainTags(request), compressing);
    }
    if (compressing != null && !request.isAsyncStarted()) {
      compressing.finish();
    }
  }

  /** The tag of the compressed representation, made from that of the plain one. */
  static String compressedTag(String plain) {
    return plain.startsWith("\"") && !plain.endsWith(SUFFIX)
        ? plain.substring(0, plain.length() - 1) + SUFFIX
        : plain;
  }

  /** A caller that asks for compressed answers can only have those that it names as such. */
  private static final class PlainTags extends HttpServletRequestWrapper {

    PlainTags(HttpServletRequest request) {
      super(request);
    }

    @Override
    public @Nullable String getHeader(String name) {
      if (!isIfNoneMatch(name)) {
        return super.getHeader(name);
      }
      List<String> tags = plainTags();
      return tags.isEmpty() ? null : String.join(", ", tags);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
      return isIfNoneMatch(name) ? Collections.enumeration(plainTags()) : super.getHeaders(name);
    }

    private static boolean isIfNoneMatch(String name) {
      return name.equalsIgnoreCase(EntityTags.IF_NONE_MATCH);
    }

    private List<String> plainTags() {
      List<String> lines = Collections.list(super.getHeaders(EntityTags.IF_NONE_MATCH));
      return EntityTags.candidates(lines).stream()
          .filter(tag -> tag.endsWith(SUFFIX) || tag.equals(EntityTags.ANY))
          .map(tag -> tag.endsWith(SUFFIX) ? tag.replace(SUFFIX, "\"") : tag)
          .toList();
    }
  }
}
