package io.heddle.bench;

import io.heddle.testkit.HostProcess;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Measures the executable jar in a process of its own on a Postgres that syncs its log, beside what
 * the same Postgres gives without a host. Client, host and database share one machine, whose disk
 * changes its speed from minute to minute: only the ratios of one run of this mean anything, and
 * only if nothing else was running.
 *
 * <p>Settings: {@code -Dbench.rounds=3 -Dbench.seconds=8 -Dbench.warmup=20}.
 */
public final class HostBench {

  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);

  private static final Duration TIME = Duration.ofSeconds(Integer.getInteger("bench.seconds", 8));

  private static final Duration WARM_UP =
      Duration.ofSeconds(Integer.getInteger("bench.warmup", 20));

  private static final String KEY = "a-key-for-benchmarks-only";

  private static final String CREATE = "{\"workflowId\":\"conformance-noop\"}";

  private static final Pattern RUN_ID = Pattern.compile("\"runId\":\"([^\"]+)\"");

  private static final int BURST = 500;

  /** A first start unpacks the server, on a disk that may be busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Map<String, List<Double>> figures = new LinkedHashMap<>();

  private final int port;

  private final ProcessHandle host;

  private final long postgres;

  private final String url;

  private HostBench(HostProcess host, long postgres, String url) {
    this.port = host.port();
    this.host = host.handle();
    this.postgres = postgres;
    this.url = url;
  }

  /**
   * @param arguments the executable jar
   */
  public static void main(String[] arguments) throws Exception {
    Path data = Files.createTempDirectory("bench");
    try (EmbeddedPostgres server =
        EmbeddedPostgres.builder()
            .setDataDirectory(data.resolve("postgres"))
            .setPGStartupWait(PATIENCE)
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("shared_buffers", "512MB")
            .setServerConfig("max_connections", "200")
            .start()) {
      String url = server.getJdbcUrl("postgres", "postgres");
      Ceiling.prepare(url);
      try (HostProcess host =
          HostProcess.start(
              Path.of(arguments[0]),
              server.getPort(),
              data.resolve("host.log"),
              Map.of("OPENWOP_API_KEY", KEY),
              "--openwop.conformance.enabled=true")) {
        long postgres =
            Long.parseLong(
                Files.readAllLines(data.resolve("postgres").resolve("postmaster.pid")).get(0));
        new HostBench(host, postgres, url).run();
      }
    }
  }

  private void run() throws Exception {
    System.out.printf(
        "%s, %d processors, JDK %s; %d rounds of %d s after %d s of warm-up%n",
        LocalDate.now(),
        Runtime.getRuntime().availableProcessors(),
        Runtime.version(),
        ROUNDS,
        TIME.toSeconds(),
        WARM_UP.toSeconds());
    Load.run(8, WARM_UP, this::completing);
    for (int round = 0; round < ROUNDS; round++) {
      System.out.printf("round %d%n", round + 1);
      round();
    }
    report();
  }

  private void round() throws Exception {
    add("b2", Load.run(8, TIME, () -> new Ceiling(url)).perSecond());
    long commits = commits();
    Duration cpu = cpu();
    Load.Result complete = Load.run(8, TIME, this::completing);
    add("complete 8", complete.perSecond());
    add("complete 8 p99", complete.percentile(0.99));
    add("cpu", cpu().minus(cpu).toNanos() / 1e6 / complete.count());
    add("commits", (double) (commits() - commits) / complete.count());
    add("complete 32", Load.run(32, TIME, this::completing).perSecond());
    long before = System.nanoTime();
    Load.Result create = Load.run(8, TIME, this::creating);
    awaitIdle();
    add("create", create.perSecond());
    add("create p50", create.percentile(0.5));
    add("create p99", create.percentile(0.99));
    add("sustained", create.count() / ((System.nanoTime() - before) / 1e9) / create.perSecond());
    add("burst", burst());
    String runId = created(new LeanHttp(port, KEY));
    awaitIdle();
    add("read", Load.run(8, TIME, () -> reading("/v1/runs/" + runId)).perSecond());
    add(
        "events",
        Load.run(8, TIME, () -> reading("/v1/runs/" + runId + "/events/poll")).perSecond());
  }

  private Load.Work completing() throws Exception {
    LeanHttp http = new LeanHttp(port, KEY);
    return () -> {
      String events = http.get("/v1/runs/" + created(http) + "/events", "text/event-stream").body();
      if (!events.contains("event: run.completed")) {
        throw new IllegalStateException(events);
      }
    };
  }

  private Load.Work creating() throws Exception {
    LeanHttp http = new LeanHttp(port, KEY);
    return () -> created(http);
  }

  private Load.Work reading(String path) throws Exception {
    LeanHttp http = new LeanHttp(port, KEY);
    return () -> http.get(path, "application/json");
  }

  private static String created(LeanHttp http) throws Exception {
    LeanHttp.Answer answer = http.post("/v1/runs", CREATE);
    Matcher runId = RUN_ID.matcher(answer.body());
    if (answer.status() != 201 || !runId.find()) {
      throw new IllegalStateException(answer.toString());
    }
    return runId.group(1);
  }

  /** Seconds from the first of many simultaneous requests to the end of the last run. */
  private double burst() throws Exception {
    AtomicInteger left = new AtomicInteger(BURST);
    long begin = System.nanoTime();
    Load.run(
        50,
        Duration.ofSeconds(1),
        () -> {
          LeanHttp http = new LeanHttp(port, KEY);
          return () -> {
            if (left.getAndDecrement() > 0) {
              created(http);
            } else {
              Thread.sleep(5);
            }
          };
        });
    return awaitIdleSince(begin);
  }

  private double awaitIdleSince(long begin) {
    // The runs' own times: those that poll for the end would be measured with it.
    awaitIdle();
    return jdbc()
        .sql(
            """
            select extract(epoch from max(ended_at) - min(created_at)) from (
              select created_at, ended_at from openwop.run order by created_at desc limit :burst) b
            """)
        .param("burst", BURST)
        .query(Double.class)
        .single();
  }

  private void awaitIdle() {
    while (jdbc()
            .sql("select count(*) from openwop.run where ended_at is null")
            .query(Integer.class)
            .single()
        > 0) {
      Thread.onSpinWait();
    }
  }

  private long commits() {
    return jdbc()
        .sql("select xact_commit from pg_stat_database where datname = current_database()")
        .query(Long.class)
        .single();
  }

  private Duration cpu() {
    return Stream.concat(
            Stream.of(host),
            ProcessHandle.of(postgres).stream()
                .flatMap(server -> Stream.concat(Stream.of(server), server.descendants())))
        .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
        .reduce(Duration.ZERO, Duration::plus);
  }

  private JdbcClient jdbc() {
    return JdbcClient.create(new DriverManagerDataSource(url));
  }

  private void add(String figure, double value) {
    figures.computeIfAbsent(figure, name -> new ArrayList<>()).add(value);
  }

  private double median(String figure) {
    List<Double> values = figures.get(figure).stream().sorted().toList();
    return values.get(values.size() / 2);
  }

  private void report() {
    figures.forEach((figure, values) -> System.out.printf(Locale.ROOT, "%s: %s%n", figure, values));
    System.out.println();
    System.out.println("| figure | measured | floor | goal |");
    System.out.println("|---|---|---|---|");
    row("the ceiling, 8 clients", "%.0f/s".formatted(median("b2")), "", "");
    row("runs completed over SSE, 8 clients", ratio("complete 8", "b2"), "0.25", "0.40");
    row("the same, 32 clients against 8", ratio("complete 32", "complete 8"), "0.8", "0.95");
    row("CPU of host and Postgres per run", "%.1f ms".formatted(median("cpu")), "3.5 ms", "2 ms");
    row(
        "POST p50 / p99, 8 clients",
        "%.1f / %.1f ms".formatted(median("create p50"), median("create p99")),
        "25 / 60 ms",
        "8 / 25 ms");
    row("sustained / accepted creates", "%.2f".formatted(median("sustained")), "0.9", "0.95");
    row("burst of 500, all ended", "%.1f s".formatted(median("burst")), "2.5 s", "1.2 s");
    row("reads, 8 clients", "%.0f/s".formatted(median("read")), "1,800/s", "3,000/s");
    row("logs, 8 clients", "%.0f/s".formatted(median("events")), "1,800/s", "3,000/s");
    row("commits per run, all of them", "%.1f".formatted(median("commits")), "4", "2");
  }

  private String ratio(String figure, String of) {
    return "%.0f/s, %.2f".formatted(median(figure), median(figure) / median(of));
  }

  private static void row(String figure, String measured, String floor, String goal) {
    System.out.printf("| %s | %s | %s | %s |%n", figure, measured, floor, goal);
  }
}
