package io.heddle.web.v1;

import io.heddle.web.EventStreams;
import io.heddle.web.EventStreams.Piece;
import io.heddle.web.v1.Tellings.Part;
import io.heddle.web.v1.Tellings.Telling;
import java.nio.charset.StandardCharsets;

/** One frame for everything that is told, at once. */
final class Frames implements EventStreams.Source {

  private final Tellings tellings;

  Frames(Tellings tellings) {
    this.tellings = tellings;
  }

  @Override
  public Piece next(boolean closing) {
    Part part = tellings.next();
    StringBuilder frames = new StringBuilder();
    for (Telling telling : part.tellings()) {
      append(frames, telling.id(), telling.event(), telling.data());
    }
    return new Piece(
        frames.toString().getBytes(StandardCharsets.UTF_8), part.then(), null, part.length());
  }

  static void append(StringBuilder frames, long id, String event, CharSequence data) {
    frames.append("id: ").append(id);
    frames.append("\nevent: ").append(event);
    frames.append("\ndata: ").append(data).append("\n\n");
  }
}
