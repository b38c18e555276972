package io.heddle.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** What this process logs until this is closed, by all loggers. */
public final class CapturedLog implements AutoCloseable {

  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);

  private final @Nullable Level before = root.getLevel();

  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

  private CapturedLog() {
    appender.start();
    root.addAppender(appender);
  }

  /** As much as would be logged anyway. */
  public static CapturedLog start() {
    return new CapturedLog();
  }

  /** As much as can be logged. */
  public static CapturedLog startAtAnyLevel() {
    CapturedLog log = new CapturedLog();
    log.root.setLevel(Level.TRACE);
    return log;
  }

  /** The messages, each with the exception that came with it. */
  public List<String> lines() {
    return linesWithout("nobody");
  }

  /** The same but for those of the loggers below one. */
  public List<String> linesWithout(String logger) {
    return List.copyOf(appender.list).stream()
        .filter(event -> !event.getLoggerName().startsWith(logger))
        .map(
            event ->
                event.getFormattedMessage()
                    + (event.getThrowableProxy() == null
                        ? ""
                        : ThrowableProxyUtil.asString(event.getThrowableProxy())))
        .toList();
  }

  @Override
  public void close() {
    root.setLevel(before);
    root.detachAppender(appender);
  }
}
