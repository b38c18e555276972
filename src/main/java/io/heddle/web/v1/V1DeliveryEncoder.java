package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.run.EventType;
import io.heddle.run.RunEvent;
import io.heddle.tenancy.Tenant;
import io.heddle.webhook.DeliveryEncoder;
import java.nio.charset.StandardCharsets;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/** What subscribers of major 1 are sent [webhooks §Body, RFC 0201]. */
public final class V1DeliveryEncoder implements DeliveryEncoder {

  // The document has no type beside the event; what calls itself a subscriber reads it there.
  @Override
  public byte[] encode(Tenant tenant, RunEvent event) {
    return "{\"runId\":%s,\"workspaceId\":%s,\"type\":%s,\"event\":%s}"
        .formatted(
            Json.write(event.runId()),
            Json.write(tenant.id()),
            Json.write(spell(event.type())),
            V1Documents.event(event))
        .getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String spell(EventType type) {
    return V1Mapping.spell(type);
  }

  @Override
  public byte[] verification(String challenge) {
    return Json.bytes(Json.members("type", "openwop.webhook.verification", "challenge", challenge));
  }

  @Override
  public boolean verifies(String challenge, String contentType, byte[] answer) {
    try {
      MediaType type = MediaType.parseMediaType(contentType);
      return (MediaType.APPLICATION_JSON.includes(type) || type.getSubtype().endsWith("+json"))
          && challenge.equals(Json.object(Json.parse(answer), "").get("challenge"));
    } catch (InvalidMediaTypeException | JsonFault e) {
      return false;
    }
  }
}
