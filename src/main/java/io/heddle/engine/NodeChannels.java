package io.heddle.engine;

import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.channel.ChannelWrite;
import io.heddle.json.Json;
import io.heddle.run.RunState;
import io.heddle.spi.ChannelException;
import io.heddle.spi.Channels;
import io.heddle.workflow.NodeDefinition;
import io.heddle.workflow.WorkflowDefinition;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The channels as one execution of a node sees them. Its writes are tried on a state of its own and
 * collected; whether they become part of the run is decided when the execution has ended.
 */
final class NodeChannels implements Channels {

  /** A value that a node wrote and its channel would have taken. */
  record Written(String channel, @Nullable Object value) {

    // The value may be a secret.
    @Override
    public String toString() {
      return "Written[channel=%s]".formatted(channel);
    }
  }

  private final Map<String, ChannelDefinition> channels;

  private final NodeDefinition node;

  private final InstantSource clock;

  private final List<Written> written = new ArrayList<>();

  private RunState state;

  private boolean ended;

  NodeChannels(
      WorkflowDefinition definition, NodeDefinition node, RunState state, InstantSource clock) {
    this.channels = definition.channels();
    this.node = node;
    this.state = state;
    this.clock = clock;
  }

  @Override
  public synchronized @Nullable Object get(String name) {
    ChannelDefinition channel = find(name);
    if (!channel.access().letsRead(node.id(), node.typeId())) {
      throw denied(name, "read from");
    }
    // A copy, for the value is part of the run.
    return Json.parse(Json.write(value(state, channel)));
  }

  @Override
  public synchronized void write(String name, @Nullable Object value) {
    ChannelDefinition channel = find(name);
    if (!channel.access().letsWrite(node.id(), node.typeId())) {
      throw denied(name, "write to");
    }
    if (ended) {
      throw new IllegalStateException("The execution of %s has ended".formatted(node.id()));
    }
    ChannelWrite write = ChannelFold.write(channel, value, clock.millis());
    state = with(state, channel, ChannelFold.fold(channel, value(state, channel), write));
    written.add(new Written(name, ChannelFold.value(channel, write)));
  }

  /** What was written, in its order; nothing can be written after this. */
  synchronized List<Written> end() {
    ended = true;
    return List.copyOf(written);
  }

  /** The value of a channel. One that is not declared is a variable. */
  static @Nullable Object value(RunState state, ChannelDefinition channel) {
    return channel.declared()
        ? state.channels().get(channel.name())
        : state.variables().getOrDefault(channel.name(), channel.initial());
  }

  /** A state with another value of a channel. */
  static RunState with(RunState state, ChannelDefinition channel, @Nullable Object value) {
    return channel.declared()
        ? state.withChannel(channel.name(), value)
        : state.withVariable(channel.name(), value);
  }

  private ChannelDefinition find(String name) {
    ChannelDefinition channel = channels.get(name);
    if (channel == null) {
      throw new ChannelException(
          "heddle.channel_unknown", "The workflow has no channel of the name it was asked for");
    }
    return channel;
  }

  private ChannelException denied(String name, String deed) {
    return new ChannelException(
        "channel_access_denied",
        "The node %s of the type %s may not %s the channel %s"
            .formatted(node.id(), node.typeId(), deed, name));
  }
}
