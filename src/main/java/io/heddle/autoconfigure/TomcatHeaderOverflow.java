package io.heddle.autoconfigure;

import java.util.Set;
import org.apache.tomcat.util.res.StringManager;

/** Tomcat fails with exceptions that differ from others by their messages only. */
final class TomcatHeaderOverflow implements HeaderOverflow {

  private final Set<String> messages =
      Set.of(
          words(message("org.apache.coyote.http11", "iib.requestheadertoolarge.error")),
          words(message("org.apache.tomcat.util.http", "headers.maxCountFail")));

  @Override
  public boolean isCauseOf(Throwable failure) {
    return failure.getMessage() != null && messages.contains(words(failure.getMessage()));
  }

  private static String message(String managed, String key) {
    return StringManager.getManager(managed).getString(key, "");
  }

  // The numbers in it are those of the settings.
  private static String words(String message) {
    return message.replaceAll("[^\\p{L} ]", "");
  }
}
