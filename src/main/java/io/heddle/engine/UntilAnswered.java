package io.heddle.engine;

import io.heddle.redaction.Printable;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.NonTransientDataAccessException;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.transaction.TransactionException;

/** Asks the database again while it does not answer. */
final class UntilAnswered {

  private static final Logger log = LoggerFactory.getLogger(UntilAnswered.class);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private UntilAnswered() {}

  /** Something that can be asked again when its answer was lost. */
  interface Query<T> {
    T ask();
  }

  static <T> T ask(String runId, Query<T> query) throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        return query.ask();
      } catch (DataAccessException | TransactionException e) {
        if (isForGood(e)) {
          throw e;
        }
        pause = backOff(runId, pause, e);
      }
    }
  }

  /** Whether asking again cannot help; a database that is away is not for good. */
  private static boolean isForGood(RuntimeException e) {
    return e instanceof NonTransientDataAccessException
        && !(e instanceof NonTransientDataAccessResourceException);
  }

  private static Duration backOff(String runId, Duration pause, RuntimeException cause)
      throws InterruptedException {
    log.warn("{}: the database does not answer, trying again: {}", runId, Printable.line(cause));
    Thread.sleep(pause.toMillis());
    Duration longer = pause.multipliedBy(2);
    return longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
  }
}
