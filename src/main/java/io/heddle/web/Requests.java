package io.heddle.web;

import io.heddle.json.Json;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/** Reads request bodies: bounded, JSON, strict. Thread-safe. */
public final class Requests {

  private final int maxBodyBytes;

  /**
   * @param maxBodyBytes the largest body that is read, as advertised
   */
  public Requests(int maxBodyBytes) {
    this.maxBodyBytes = maxBodyBytes;
  }

  /** The body as an object; a missing body is a fault. */
  public Map<String, @Nullable Object> object(HttpServletRequest request) {
    byte[] body = bytes(request);
    if (body.length == 0) {
      throw Problem.invalid("", "must be a JSON object, but there is none");
    }
    return object(request, body);
  }

  /** The body as an object; a missing body counts as an empty one. */
  public Map<String, @Nullable Object> optionalObject(HttpServletRequest request) {
    byte[] body = bytes(request);
    return body.length == 0 ? new LinkedHashMap<>() : object(request, body);
  }

  private static Map<String, @Nullable Object> object(HttpServletRequest request, byte[] body) {
    requireJson(request.getContentType());
    return Json.object(Json.parse(body), "");
  }

  private static void requireJson(@Nullable String contentType) {
    try {
      MediaType type = contentType == null ? null : MediaType.parseMediaType(contentType);
      if (type == null
          || MediaType.APPLICATION_JSON.includes(type)
          || type.getSubtype().endsWith("+json")) {
        return;
      }
    } catch (InvalidMediaTypeException e) {
      // Answered below like any other type that is not JSON.
    }
    throw new Problem(
        ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The request body must be application/json");
  }

  /** A query parameter, or null; one that is not properly encoded is a fault. */
  public static @Nullable String parameter(HttpServletRequest request, String name) {
    try {
      return request.getParameter(name);
    } catch (IllegalStateException e) {
      throw new Problem(ErrorCode.VALIDATION_ERROR, "The query string is malformed");
    }
  }

  private static void requireIdentity(@Nullable String contentEncoding) {
    if (contentEncoding != null && !contentEncoding.equalsIgnoreCase("identity")) {
      throw new Problem(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The request body must not be compressed");
    }
  }

  private byte[] bytes(HttpServletRequest request) {
    requireIdentity(request.getHeader("Content-Encoding"));
    if (request.getContentLengthLong() > maxBodyBytes) {
      throw tooLarge();
    }
    try (InputStream in = request.getInputStream()) {
      byte[] body = in.readNBytes(maxBodyBytes + 1);
      if (body.length > maxBodyBytes) {
        throw tooLarge();
      }
      return body;
    } catch (IOException e) {
      throw Problem.invalid("", "could not be read to its end");
    }
  }

  private Problem tooLarge() {
    return new Problem(
        ErrorCode.PAYLOAD_TOO_LARGE,
        "The request body is larger than %d bytes".formatted(maxBodyBytes),
        Map.of("maxRequestBodyBytes", maxBodyBytes));
  }
}
