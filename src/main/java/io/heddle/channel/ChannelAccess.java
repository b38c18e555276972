package io.heddle.channel;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes may use a channel. A list holds ids of nodes, and beginnings of node types that end
 * in {@code *}.
 *
 * @param readers null for every node
 * @param writers null for every node
 */
public record ChannelAccess(@Nullable List<String> readers, @Nullable List<String> writers) {

  /** Every node may do everything. */
  public static final ChannelAccess PUBLIC = new ChannelAccess(null, null);

  /** No node may do anything. */
  public static final ChannelAccess PRIVATE = new ChannelAccess(List.of(), List.of());

  /** Whether a node may read the channel. */
  public boolean letsRead(String nodeId, String typeId) {
    return admits(readers, nodeId, typeId);
  }

  /** Whether a node may write to the channel. */
  public boolean letsWrite(String nodeId, String typeId) {
    return admits(writers, nodeId, typeId);
  }

  private static boolean admits(@Nullable List<String> entries, String nodeId, String typeId) {
    return entries == null
        || entries.stream()
            .anyMatch(
                entry ->
                    entry.equals(nodeId)
                        || (entry.endsWith("*")
                            && typeId.startsWith(entry.substring(0, entry.length() - 1))));
  }
}
