package io.heddle.web.v1;

import io.heddle.json.Json;
import io.heddle.run.RunEvent;
import io.heddle.tenancy.Tenant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/** Events as CloudEvents 1.0, for who feeds them to a bus [cloudevents-mapping]. */
final class CloudEvents {

  /** A JSON array of them. */
  static final MediaType BATCH = new MediaType("application", "cloudevents-batch+json");

  private static final String SOURCE = "urn:openwop:host:heddle:run:";

  private static final String TYPE = "dev.openwop.event.";

  private CloudEvents() {}

  /** An event as JSON text, around the event as this host tells it elsewhere. */
  static String event(Tenant tenant, RunEvent event) {
    Map<String, @Nullable Object> attributes =
        Json.members(
            "specversion",
            "1.0",
            "id",
            event.eventId(),
            "source",
            SOURCE + event.runId(),
            "type",
            TYPE + V1Mapping.spell(event.type()),
            "time",
            V1Documents.time(event.timestamp()),
            "datacontenttype",
            MediaType.APPLICATION_JSON_VALUE,
            "subject",
            Objects.requireNonNullElse(event.nodeId(), event.runId()),
            "openwoprunid",
            event.runId(),
            "openwopseq",
            event.sequence(),
            "openwoptenantid",
            tenant.id());
    if (event.causationId() != null) {
      attributes.put("openwopcausationid", event.causationId());
    }
    String json = Json.write(attributes);
    return json.substring(0, json.length() - 1) + ",\"data\":" + V1Documents.event(event) + "}";
  }
}
