package io.heddle.autoconfigure;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps a second process away from a directory; the operating system lifts it with the process. */
final class DirectoryLock implements AutoCloseable {

  // Closing any channel of a file drops every lock this process has on it, so a directory that is
  // held already must be refused before its lock file is opened.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private DirectoryLock(Path directory, FileChannel channel) {
    this.directory = directory;
    this.channel = channel;
  }

  /**
   * @param directory an existing directory as a real path, so that no two spellings of it exist
   * @throws EmbeddedPostgresException if this or another live process holds it
   */
  static DirectoryLock acquire(Path directory) throws IOException {
    if (!HELD.add(directory)) {
      throw held(directory);
    }
    try {
      return new DirectoryLock(directory, lockedChannel(directory));
    } catch (IOException | RuntimeException e) {
      HELD.remove(directory);
      throw e;
    }
  }

  private static FileChannel lockedChannel(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve("heddle.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      locked = channel.tryLock() != null;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw held(directory);
    }
    return channel;
  }

  private static EmbeddedPostgresException held(Path directory) {
    return new EmbeddedPostgresException(
        "another running host uses the directory " + directory, null);
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      HELD.remove(directory);
    }
  }
}
