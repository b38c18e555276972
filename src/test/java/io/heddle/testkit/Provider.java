package io.heddle.testkit;

import io.heddle.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Somebody outside who takes orders from all processes, and heeds the key of an order: an order
 * that comes again is answered as it was the first time. Each call leaves a file.
 */
public final class Provider {

  private final Path orders;

  Provider(Path directory) {
    this.orders = directory.resolve("orders");
    try {
      Files.createDirectories(orders);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes an order; gives what the first call with this key gave. */
  Map<String, @Nullable Object> order(String runId, String nodeId, String key) {
    try {
      Path directory = orders.resolve(String.join(",", runId, nodeId, key));
      Files.createDirectories(directory);
      Files.createFile(directory.resolve(UUID.randomUUID().toString()));
      return Json.members("receipt", key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How often each order of a run came, by node and key: {@code node,key}. */
  public Map<String, Integer> calls(String runId) {
    Map<String, Integer> calls = new TreeMap<>();
    for (Path order : list(orders)) {
      String[] parts = order.getFileName().toString().split(",", 2);
      if (parts[0].equals(runId)) {
        calls.put(parts[1], list(order).length);
      }
    }
    return calls;
  }

  private static Path[] list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toArray(Path[]::new);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
