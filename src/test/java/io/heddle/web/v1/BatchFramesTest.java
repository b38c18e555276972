package io.heddle.web.v1;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.web.EventStreams.Piece;
import io.heddle.web.EventStreams.Then;
import io.heddle.web.v1.Tellings.Part;
import io.heddle.web.v1.Tellings.Telling;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BatchFramesTest {

  private static final Duration WINDOW = Duration.ofMillis(100);

  private final List<Part> parts = new ArrayList<>();

  private final BatchFrames frames = new BatchFrames(() -> parts.remove(0), WINDOW, () -> this.now);

  private long now = Long.MAX_VALUE - 1_000;

  @Test
  void whatIsToldWithinTheTimeIsOneFrame() {
    Piece first = next(Then.NEWS, telling(3));
    assertThat(text(first)).isEmpty();
    assertThat(first.again()).isEqualTo(WINDOW);

    pass(60);
    Piece second = next(Then.NEWS, telling(5), telling(6));
    assertThat(text(second)).isEmpty();
    assertThat(second.again()).isNull();

    pass(40);
    assertThat(text(next(Then.NEWS))).isEqualTo("id: 6\nevent: batch\ndata: [3,5,6]\n\n");
    // The next time begins with the next that is told.
    pass(1_000);
    Piece third = next(Then.NEWS, telling(7));
    assertThat(text(third)).isEmpty();
    assertThat(third.again()).isEqualTo(WINDOW);
  }

  @Test
  void nothingIsNoFrame() {
    pass(1_000);
    Piece piece = next(Then.NEWS);

    assertThat(text(piece)).isEmpty();
    assertThat(piece.again()).isNull();
    assertThat(text(next(Then.END))).isEmpty();
  }

  @Test
  void whatIsUrgentGoesAtOnceWithWhatIsHeld() {
    next(Then.NEWS, telling(0));
    Piece piece = next(Then.NEWS, telling(1), urgent(2), telling(3));

    assertThat(text(piece)).isEqualTo("id: 2\nevent: batch\ndata: [0,1,2]\n\n");
    assertThat(piece.again()).isEqualTo(WINDOW);
    assertThat(text(next(Then.END))).isEqualTo("id: 3\nevent: batch\ndata: [3]\n\n");
  }

  @Test
  void theEndReleasesWhatIsHeld() {
    next(Then.NEWS, telling(0));

    assertThat(text(next(Then.END, telling(1)))).isEqualTo("id: 1\nevent: batch\ndata: [0,1]\n\n");
  }

  @Test
  void aServerThatEndsReleasesWhatIsHeld() {
    next(Then.NEWS, telling(0));
    parts.add(new Part(List.of(), Then.NEWS, 1));

    assertThat(text(frames.next(true))).isEqualTo("id: 0\nevent: batch\ndata: [0]\n\n");
  }

  @Test
  void noMoreIsHeldThanFits() {
    String large = "\"%s\"".formatted("x".repeat(40_000));
    Piece piece =
        next(
            Then.NEWS,
            new Telling(0, "any", large, false),
            new Telling(1, "any", large, false),
            new Telling(2, "any", large, false));

    assertThat(text(piece))
        .isEqualTo("id: 1\nevent: batch\ndata: [%s,%s]\n\n".formatted(large, large));
  }

  private Piece next(Then then, Telling... tellings) {
    parts.add(new Part(List.of(tellings), then, 1));
    return frames.next(false);
  }

  private void pass(long millis) {
    now += Duration.ofMillis(millis).toNanos();
  }

  private static Telling telling(long id) {
    return new Telling(id, "any", Long.toString(id), false);
  }

  private static Telling urgent(long id) {
    return new Telling(id, "any", Long.toString(id), true);
  }

  private static String text(Piece piece) {
    return new String(piece.frames(), StandardCharsets.UTF_8);
  }
}
