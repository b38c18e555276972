package io.heddle.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.heddle.run.Run;
import io.heddle.run.Step;
import io.heddle.stream.CommitNews;
import io.heddle.testkit.SampleRuns;
import io.heddle.testkit.Stores;
import io.heddle.web.TestHost.Key;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reader is cut off again and again, at any byte, while events are written, and comes back to
 * either of two hosts, of which one is deaf and the other hears of some commits only. How often is
 * told by system properties; a seed says where.
 */
@Timeout(300)
@ExtendWith(TestHost.Shared.class)
class ReadersMoveBetweenHostsTest {

  private static final Logger log = LoggerFactory.getLogger(ReadersMoveBetweenHostsTest.class);

  private static final int CUTS = Integer.getInteger("streams.cuts", 1_000);

  private static final int EVENTS_PER_CUT = 10;

  private static final long SEED = Long.getLong("streams.seed", 6L);

  private static final int MOST_EVENTS_AT_ONCE = 40;

  private static final int QUIET_MILLIS = 60;

  private static final String WRITER = "the-writer-of-this-test";

  private static TestHost hearing;

  private static TestHost deaf;

  private static Stores stores;

  @BeforeAll
  static void start(TestHost shared) {
    String url = shared.createDatabase("of_readers_that_move");
    hearing = start(url, "--openwop.stream.lookout=50ms");
    deaf = start(url, "--openwop.stream.lookout=50ms", "--openwop.stream.notifications=false");
    stores = Stores.on(hearing.bean(DataSource.class));
    // Otherwise the hosts would take its run for an orphan.
    stores.claims().register(WRITER, Duration.ofHours(1));
  }

  private static TestHost start(String url, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--spring.datasource.url=" + url);
    return TestHost.start(all.toArray(String[]::new));
  }

  @AfterAll
  static void stop() {
    deaf.close();
    hearing.close();
  }

  @Test
  void andGetEachEventOnceAndInOrder() throws Exception {
    Random random = new Random(SEED);
    String runId = SampleRuns.create(stores, WRITER).runId();
    Semaphore mayBeWritten = new Semaphore(0);
    CompletableFuture<Void> writing =
        CompletableFuture.runAsync(() -> write(runId, new Random(SEED + 1), mayBeWritten));

    List<Frame> taken = new ArrayList<>();
    int cuts = 0;
    int insideAFrame = 0;
    while (taken.isEmpty() || !taken.get(taken.size() - 1).event().equals("run.completed")) {
      long last = taken.isEmpty() ? -1 : taken.get(taken.size() - 1).id();
      int bytes = random.nextInt(random.nextBoolean() ? 800 : 8_000);
      String read = read(random.nextBoolean() ? hearing : deaf, runId, last, bytes);
      taken.addAll(Frame.whole(read));
      insideAFrame += read.isEmpty() || read.endsWith("\n\n") ? 0 : 1;
      cuts++;
      mayBeWritten.release(EVENTS_PER_CUT);
      if (writing.isCompletedExceptionally()) {
        writing.join();
      }
    }
    writing.join();

    log.info(
        "Seed {}: {} events, cut {} times, {} inside a frame",
        SEED,
        taken.size(),
        cuts,
        insideAFrame);
    assertThat(cuts).isGreaterThanOrEqualTo(CUTS);
    assertThat(insideAFrame).isGreaterThan(CUTS / 10);
    int events = CUTS * EVENTS_PER_CUT;
    assertThat(taken)
        .extracting(Frame::id)
        .isEqualTo(LongStream.rangeClosed(0, events).boxed().toList());
    for (TestHost host : List.of(hearing, deaf)) {
      assertThat(Frame.all(host.as(Key.ACME).get(events(runId)).text())).isEqualTo(taken);
    }
  }

  /** So many events, no sooner than they may be written, in steps of which some are told of. */
  private static void write(String runId, Random random, Semaphore mayBeWritten) {
    CommitNews news = hearing.bean(CommitNews.class);
    int left = CUTS * EVENTS_PER_CUT;
    while (left > 0) {
      int events = Math.min(left, 1 + random.nextInt(MOST_EVENTS_AT_ONCE));
      mayBeWritten.acquireUninterruptibly(events);
      commit(runId, run -> SampleRuns.step(run, events));
      left -= events;
      if (random.nextInt(3) == 0) {
        news.committed(runId);
      }
    }
    commit(runId, SampleRuns::completion);
  }

  private static void commit(String runId, Function<Run, Step> step) {
    assertThat(stores.runs().commit(step.apply(SampleRuns.read(stores, runId))))
        .isEqualTo(Step.Outcome.COMMITTED);
  }

  /** What comes after the headers, up to so many bytes of all, or less if nothing comes. */
  private static String read(TestHost host, String runId, long last, int bytes) throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(QUIET_MILLIS);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), host.port()));
      String request =
          "GET %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s\r\n"
              .formatted(
                  events(runId),
                  Key.ACME.secret(),
                  last < 0 ? "" : "Last-Event-ID: " + last + "\r\n");
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      String answer = take(socket.getInputStream(), bytes);
      int end = answer.indexOf("\r\n\r\n");
      return end < 0 ? "" : answer.substring(end + 4);
    }
  }

  private static String take(InputStream in, int bytes) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] some = new byte[1_024];
    try {
      while (all.size() < bytes) {
        int count = in.read(some, 0, Math.min(some.length, bytes - all.size()));
        if (count < 0) {
          break;
        }
        all.write(some, 0, count);
      }
    } catch (SocketTimeoutException e) {
      // Nothing comes; all the more is cut.
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  private static String events(String runId) {
    return "/v1/runs/" + runId + "/events?streamMode=debug";
  }
}
