package io.heddle.postgres;

import io.heddle.run.Ids;
import io.heddle.stream.NewsRelay;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * News by NOTIFY and LISTEN. What is to be told within a few milliseconds goes as one notification,
 * in a transaction of its own: a notification in the transaction that appends would make all
 * commits of the database wait for each other. Thread-safe.
 */
public final class Notifications implements NewsRelay {

  private static final Logger log = LoggerFactory.getLogger(Notifications.class);

  private static final String CHANNEL = "openwop_news";

  // Lost with a crash of the server, as the listeners' connections are; so nothing waits for it.
  private static final String NOTIFY =
      """
      select set_config('synchronous_commit', 'off', true), pg_notify(:channel, :payload)
      """;

  private static final String IS_ALONE =
      """
      select count(*) < 2 from openwop.host_node
      """;

  private static final String LISTEN = "listen " + CHANNEL;

  private static final String UNLISTEN = "unlisten " + CHANNEL;

  private static final String ANY_RUN = "*";

  private static final String DUE = "!";

  // No id of a run has a colon.
  private static final String KEY = "key:";

  // The server takes less than 8000 bytes.
  private static final int LONGEST_PAYLOAD = 7_900;

  private static final Duration LINGER = Duration.ofMillis(5);

  private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(2);

  private static final Duration COMPANY_IS_KNOWN_FOR = Duration.ofSeconds(1);

  private static final Duration SLICE = Duration.ofMillis(500);

  private static final int SLICES_BETWEEN_CHECKS = 20;

  private final DataSource dataSource;

  private final JdbcClient jdbc;

  private final String self = Ids.request();

  private final Outbox outbox = new Outbox();

  private volatile @Nullable Session session;

  /**
   * @param dataSource gives connections that may be kept; a proxy that lends connections for single
   *     transactions will not do, for nothing is heard through it
   */
  public Notifications(DataSource dataSource) {
    this.dataSource = dataSource;
    this.jdbc = JdbcClient.create(dataSource);
  }

  /**
   * Tells all nodes, once the statement that contains it has committed, that an API key was
   * changed. Such statements are rare, so they may wait for each other; and nobody can change a key
   * and die before the others hear of it.
   *
   * @param keyId an expression for the key's id
   */
  static String keyChanged(String keyId) {
    return "pg_notify('%s', 'keys %s' || %s)".formatted(CHANNEL, KEY, keyId);
  }

  @Override
  public void committed(String runId) {
    outbox.add(runId);
  }

  @Override
  public void due() {
    outbox.addDue();
  }

  @Override
  public synchronized void start(Ear ear) {
    close();
    Session started = new Session(ear);
    session = started;
    started.start();
  }

  @Override
  public synchronized void close() {
    Session current = session;
    if (current != null) {
      current.end();
    }
    session = null;
  }

  /** What is to be told next; bounded, whether or not anybody can be told. */
  private static final class Outbox {

    private final ReentrantLock lock = new ReentrantLock();

    private final Condition filled = lock.newCondition();

    private final Set<String> runs = new LinkedHashSet<>();

    private int length;

    private boolean anyRun;

    private boolean due;

    void add(String runId) {
      lock.lock();
      try {
        if (!anyRun && runs.add(runId)) {
          length += runId.length() + 1;
          if (length > LONGEST_PAYLOAD - 100) {
            anyRun = true;
            runs.clear();
          }
        }
        filled.signal();
      } finally {
        lock.unlock();
      }
    }

    void addDue() {
      lock.lock();
      try {
        due = true;
        filled.signal();
      } finally {
        lock.unlock();
      }
    }

    /** Waits for something to tell, then a little for more of it. */
    String take() throws InterruptedException {
      lock.lockInterruptibly();
      try {
        while (runs.isEmpty() && !anyRun && !due) {
          filled.await();
        }
      } finally {
        lock.unlock();
      }
      TimeUnit.NANOSECONDS.sleep(LINGER.toNanos());
      lock.lock();
      try {
        String told = (due ? DUE + " " : "") + (anyRun ? ANY_RUN : String.join(" ", runs));
        runs.clear();
        length = 0;
        anyRun = false;
        due = false;
        return told;
      } finally {
        lock.unlock();
      }
    }
  }

  /** The time between a start and the close after it. */
  private final class Session {

    private final Ear ear;

    private final Thread teller = new Thread(this::tell, "heddle-news-teller");

    private final Thread listener = new Thread(this::listen, "heddle-news-listener");

    private volatile boolean ended;

    private boolean alone;

    private long companyCheckedAt;

    Session(Ear ear) {
      this.ear = ear;
    }

    void start() {
      companyCheckedAt = System.nanoTime() - COMPANY_IS_KNOWN_FOR.toNanos();
      for (Thread thread : new Thread[] {teller, listener}) {
        thread.setDaemon(true);
        thread.start();
      }
    }

    void end() {
      ended = true;
      teller.interrupt();
      listener.interrupt();
    }

    private void tell() {
      try {
        while (!ended) {
          String news = outbox.take();
          try {
            if (!isAlone()) {
              jdbc.sql(NOTIFY)
                  .param("channel", CHANNEL)
                  .param("payload", self + " " + news)
                  .query()
                  .listOfRows();
            }
          } catch (DataAccessException e) {
            pause("Other nodes could not be told: {}", e);
          }
        }
      } catch (InterruptedException e) {
        log.debug("Telling no more");
      }
    }

    /** A node without company tells nobody, so that its runs cost their own commits and no more. */
    private boolean isAlone() {
      if (System.nanoTime() - companyCheckedAt >= COMPANY_IS_KNOWN_FOR.toNanos()) {
        alone = jdbc.sql(IS_ALONE).query(Boolean.class).single();
        companyCheckedAt = System.nanoTime();
      }
      return alone;
    }

    private void listen() {
      try {
        while (!ended) {
          try (Connection connection = dataSource.getConnection()) {
            listen(connection);
          } catch (SQLException | RuntimeException e) {
            pause("Other nodes cannot be heard: {}", e);
          }
        }
      } catch (InterruptedException e) {
        log.debug("Listening no more");
      }
    }

    private void listen(Connection connection) throws SQLException {
      connection.setAutoCommit(true);
      PGConnection notified = connection.unwrap(PGConnection.class);
      try (Statement statement = connection.createStatement()) {
        statement.execute(LISTEN);
        ear.listening();
        // Whatever was told while nobody listened.
        ear.missedSome();
        int slices = 0;
        while (!ended) {
          PGNotification[] news = notified.getNotifications(Math.toIntExact(SLICE.toMillis()));
          for (PGNotification one : news) {
            if (!ended) {
              hear(one.getParameter());
            }
          }
          if (++slices % SLICES_BETWEEN_CHECKS == 0) {
            // A server that vanished without a word is noticed by asking it.
            statement.execute(LISTEN);
          }
        }
        statement.execute(UNLISTEN);
      }
    }

    private void hear(String payload) {
      String[] words = payload.split(" ");
      if (words[0].equals(self)) {
        return;
      }
      for (int i = 1; i < words.length; i++) {
        switch (words[i]) {
          case DUE -> ear.due();
          case ANY_RUN -> ear.missedSome();
          default -> {
            if (words[i].startsWith(KEY)) {
              ear.keyChanged(words[i].substring(KEY.length()));
            } else {
              ear.heard(words[i]);
            }
          }
        }
      }
    }

    private void pause(String complaint, Exception cause) throws InterruptedException {
      if (!ended) {
        log.warn(complaint, cause.toString());
        TimeUnit.NANOSECONDS.sleep(PAUSE_AFTER_FAILURE.toNanos());
      }
    }
  }
}
