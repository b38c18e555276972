package io.heddle.web.v1;

import io.heddle.run.RunStore;
import io.heddle.run.RunStore.LogPage;
import io.heddle.tenancy.Tenant;
import io.heddle.web.EventStreams.Then;
import java.util.List;
import java.util.Set;

/** Tells the events of a log that any of some modes admits. */
final class EventTellings implements Tellings {

  private static final int EVENTS_PER_READ = 100;

  private static final long CHARACTERS_PER_READ = 128_000;

  private final RunStore store;

  private final Tenant tenant;

  private final String runId;

  private final Set<StreamMode> modes;

  private long cursor;

  EventTellings(RunStore store, Tenant tenant, String runId, Set<StreamMode> modes, long after) {
    this.store = store;
    this.tenant = tenant;
    this.runId = runId;
    this.modes = modes;
    this.cursor = after;
  }

  @Override
  public Part next() {
    LogPage page =
        store.log(tenant, runId, cursor, EVENTS_PER_READ, CHARACTERS_PER_READ).orElse(null);
    if (page == null) {
      return Part.NONE;
    }
    List<Telling> tellings =
        page.events().stream()
            .filter(event -> modes.stream().anyMatch(mode -> mode.admits(event.type())))
            .map(
                event ->
                    Telling.of(
                        event.type(),
                        event.sequence(),
                        V1Mapping.spell(event.type()),
                        V1Documents.event(event)))
            .toList();
    Then then = page.isComplete(cursor) ? Then.END : page.isNewest(cursor) ? Then.NEWS : Then.MORE;
    cursor = page.last(cursor);
    return new Part(tellings, then, page.nextSequence());
  }
}
