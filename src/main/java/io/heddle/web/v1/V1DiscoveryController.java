package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.web.Callers;
import io.heddle.web.EntityTags;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What anybody may read: the capabilities of this host and the description of its interface.
 * Neither needs the database. And what of the capabilities a caller can make use of.
 */
@RestController
public final class V1DiscoveryController {

  /** Where a caller reads what it can make use of. */
  public static final String SCOPED = "/v1/capabilities";

  private static final String CACHE = "public, max-age=300";

  // It changes with the rights of the caller.
  private static final String OWN_CACHE = "no-cache, private";

  private record Document(byte[] bytes, String etag) {

    static Document of(byte[] bytes) {
      return new Document(bytes, EntityTags.of(bytes));
    }
  }

  private final V1Discovery discovery;

  private final Document openApi;

  public V1DiscoveryController(V1Discovery discovery) {
    this.discovery = discovery;
    this.openApi = Document.of(resource("openapi-v1.json"));
  }

  @GetMapping("/.well-known/openwop")
  ResponseEntity<byte[]> capabilities(HttpServletRequest request) {
    // Anew each time, for keys come and go while the host runs.
    return answer(request, Document.of(Json.bytes(discovery.document())), CACHE);
  }

  /** Takes a credential and no scope: whoever may do nothing is shown what everybody shares. */
  @GetMapping(SCOPED)
  ResponseEntity<byte[]> ownCapabilities(HttpServletRequest request, HttpServletResponse response) {
    response.addHeader("Vary", "Authorization");
    return answer(
        request,
        Document.of(Json.bytes(discovery.documentFor(Callers.require(request).scopes()))),
        OWN_CACHE);
  }

  @GetMapping("/v1/openapi.json")
  ResponseEntity<byte[]> openApi(HttpServletRequest request) {
    return answer(request, openApi, CACHE);
  }

  private static ResponseEntity<byte[]> answer(
      HttpServletRequest request, Document document, String cache) {
    if (EntityTags.match(request, document.etag())) {
      return ResponseEntity.status(304)
          .header("ETag", document.etag())
          .header("Cache-Control", cache)
          .build();
    }
    return ResponseEntity.ok()
        .header("ETag", document.etag())
        .header("Cache-Control", cache)
        .contentType(MediaType.APPLICATION_JSON)
        .body(document.bytes());
  }

  private static byte[] resource(String name) {
    try (InputStream in = V1DiscoveryController.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("The resource %s is missing".formatted(name));
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
