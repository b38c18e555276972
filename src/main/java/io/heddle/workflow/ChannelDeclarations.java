package io.heddle.workflow;

import io.heddle.channel.ChannelAccess;
import io.heddle.channel.ChannelDefinition;
import io.heddle.channel.ChannelFold;
import io.heddle.channel.Reducer;
import io.heddle.json.Json;
import io.heddle.schema.InvalidSchemaException;
import io.heddle.schema.JsonSchema;
import io.heddle.spi.ChannelException;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the channels of a definition: those it declares, and those that only its writing nodes tell
 * of. Refuses what of them this host does not execute. What the shape of the document has reported
 * is left out.
 */
final class ChannelDeclarations {

  private static final int MOST_CHANNELS = 100;

  // Each is folded like a write.
  private static final int MOST_DEFAULTS = 100;

  // The event's.
  private static final int LONGEST_NAME = 256;

  private static final BigDecimal LARGEST = BigDecimal.valueOf(Long.MAX_VALUE);

  private static final String REFUSAL = "is not executed by this host";

  private static final String WRITER = "core.channelWrite";

  private static final String CHANNEL_NAME = "channelName";

  // What the node of that name writes to if it is told to show how messages are kept.
  private static final String MESSAGES = "messages";

  private final Element document;

  private final Faults faults;

  private final Map<String, ChannelDefinition> channels = new LinkedHashMap<>();

  private final Map<String, Place> impliedBy = new HashMap<>();

  ChannelDeclarations(Element document, Faults faults) {
    this.document = document;
    this.faults = faults;
  }

  void check() {
    Element declared = document.object("channels");
    if (declared != null && declared.members().size() > MOST_CHANNELS) {
      faults.add(declared.place(), "must hold at most %d channels".formatted(MOST_CHANNELS));
      return;
    }
    if (declared != null) {
      for (String name : declared.members().keySet()) {
        Element channel = declared.object(name);
        if (channel != null) {
          declared(name, channel);
        }
      }
    }
    for (Element node : document.items("nodes")) {
      Element config = node.object("config");
      if (config != null) {
        if (WRITER.equals(node.text("typeId"))) {
          writer(config);
        }
        if (config.isTrue("emitDuplicateMessageId")
            && "core.identity".equals(node.text("typeId"))) {
          emitter(config);
        }
      }
    }
    keepOthersOut();
  }

  /** The channels by name. */
  Map<String, ChannelDefinition> channels() {
    return channels;
  }

  private void declared(String name, Element channel) {
    if (name.isEmpty() || name.codePointCount(0, name.length()) > LONGEST_NAME) {
      faults.add(channel.place(), "must have a name of 1 to %d characters".formatted(LONGEST_NAME));
    }
    String word = channel.text("reducer");
    if (word == null) {
      return;
    }
    Optional<Reducer> reducer = Reducer.named(word);
    if (reducer.isEmpty()) {
      if (word.startsWith("vendor.")) {
        faults.add(channel.at("reducer"), "of a vendor " + REFUSAL);
      }
      return;
    }
    if (channel.isTrue("sensitive")) {
      faults.add(channel.at("sensitive"), "true " + REFUSAL);
    }
    Element options = channel.object("options");
    if (options != null && !options.members().isEmpty()) {
      faults.add(options.place(), REFUSAL);
    }
    sized(channel, reducer.get());
    JsonSchema schema = schema(channel);
    ChannelDefinition definition =
        new ChannelDefinition(
            name,
            true,
            reducer.get(),
            schema,
            reducer.get().keepsEntries() && isOfList(channel),
            reducer.get().initial(),
            integer(channel, "maxSize"),
            reducer.get().dropsEntries() ? integer(channel, "ttlMs") : null,
            access(channel),
            Optional.ofNullable(integer(channel, "schemaVersion")).orElse(1L));
    channels.put(name, channel.has("default") ? withDefault(channel, definition) : definition);
  }

  private void sized(Element channel, Reducer reducer) {
    if (channel.has("ttlMs") && !reducer.dropsEntries()) {
      faults.add(channel.at("ttlMs"), with(reducer));
    }
    if (channel.has("maxSize") && (reducer == Reducer.REPLACE || reducer == Reducer.COUNTER)) {
      faults.add(channel.at("maxSize"), with(reducer));
    }
  }

  private @Nullable JsonSchema schema(Element channel) {
    Element schema = channel.object("schema");
    if (schema == null) {
      return null;
    }
    try {
      return JsonSchema.compile(schema.members());
    } catch (InvalidSchemaException e) {
      e.violations().forEach(it -> faults.add(schema.place().below(it.pointer()), it.problem()));
      return null;
    }
  }

  private static boolean isOfList(Element channel) {
    Element schema = channel.object("schema");
    return schema != null && "array".equals(schema.text("type"));
  }

  /** A default is what the channel could have come to by itself, so that its laws hold from it. */
  private ChannelDefinition withDefault(Element channel, ChannelDefinition definition) {
    Object given = channel.get("default");
    Reducer reducer = definition.reducer();
    if (definition.ttlMs() != null && !List.of().equals(given)) {
      faults.add(channel.at("default"), "with a ttlMs " + REFUSAL);
      return definition;
    }
    List<?> writes = reducer.keepsEntries() && given instanceof List<?> list ? list : null;
    if (reducer.keepsEntries() && writes == null) {
      faults.add(channel.at("default"), "must be an array");
      return definition;
    }
    if (writes != null && writes.size() > MOST_DEFAULTS) {
      faults.add(channel.at("default"), "must hold at most %d items".formatted(MOST_DEFAULTS));
      return definition;
    }
    try {
      Object folded = definition.initial();
      for (Object value : writes == null ? Collections.singletonList(given) : writes) {
        folded = ChannelFold.fold(definition, folded, ChannelFold.write(definition, value, 0));
      }
      if (!Objects.equals(Json.normalised(folded), Json.normalised(given))) {
        faults.add(channel.at("default"), "must be what the reducer makes of its items");
      }
    } catch (ChannelException e) {
      faults.add(channel.at("default"), "must be a value that the channel takes");
    }
    return definition.startingAt(given);
  }

  private static ChannelAccess access(Element channel) {
    if ("private".equals(channel.text("access"))) {
      return ChannelAccess.PRIVATE;
    }
    Element lists = channel.object("access");
    return lists == null
        ? ChannelAccess.PUBLIC
        : new ChannelAccess(names(lists, "readers"), names(lists, "writers"));
  }

  private static @Nullable List<String> names(Element access, String member) {
    List<?> list = access.list(member);
    return list == null ? null : list.stream().map(String::valueOf).toList();
  }

  /**
   * A node that names the channel it writes to. What it says of the channel must be true; of one
   * that is not declared, all nodes must say the same.
   */
  private void writer(Element config) {
    String name = config.text(CHANNEL_NAME);
    Reducer named = Reducer.named(config.get("reducer")).orElse(null);
    Long ttlMs = integer(config, "ttlMs");
    if (name == null
        || (config.has("reducer") && named == null)
        || (config.has("ttlMs") && ttlMs == null)) {
      // The node type has reported it.
      return;
    }
    ttlMs = ttlMs == null || ttlMs == 0 ? null : ttlMs;
    ChannelDefinition channel = channels.get(name);
    if (channel == null) {
      implied(name, config, named == null ? Reducer.REPLACE : named, ttlMs);
      return;
    }
    Reducer otherwise = Reducer.REPLACE;
    if (channel.declared()) {
      otherwise = channel.reducer();
      ttlMs = config.has("ttlMs") ? ttlMs : channel.ttlMs();
    }
    Place owner = impliedBy.getOrDefault(name, document.at("channels").at(name));
    if (channel.reducer() != (named == null ? otherwise : named)) {
      faults.add(config.at("reducer"), "must be that of " + owner.pointer());
    }
    if (!Objects.equals(ttlMs, channel.ttlMs())) {
      faults.add(config.at("ttlMs"), "must be that of " + owner.pointer());
    }
  }

  private void implied(String name, Element config, Reducer reducer, @Nullable Long ttlMs) {
    if (ttlMs != null && !reducer.dropsEntries()) {
      faults.add(config.at("ttlMs"), with(reducer));
    }
    channels.put(
        name, ChannelDefinition.implied(name, reducer, reducer.dropsEntries() ? ttlMs : null));
    impliedBy.put(name, config.place());
  }

  private static String with(Reducer reducer) {
    return "with the reducer %s %s".formatted(reducer.spelling(), REFUSAL);
  }

  private void emitter(Element config) {
    ChannelDefinition channel = channels.get(MESSAGES);
    if (channel == null || !channel.declared() || channel.reducer() != Reducer.MESSAGE) {
      faults.add(
          config.at("emitDuplicateMessageId"),
          "needs a channel %s with the reducer %s".formatted(MESSAGES, Reducer.MESSAGE.spelling()));
    }
  }

  /** A channel is written to through its reducer and in no other way. */
  private void keepOthersOut() {
    for (Element variable : document.items("variables")) {
      String name = variable.text("name");
      if (name != null && channels.containsKey(name)) {
        faults.add(variable.at("name"), "must not be the name of a channel");
      }
    }
    for (Element node : document.items("nodes")) {
      Element config = node.object("config");
      Element outputs = config == null ? null : config.object("outputMapping");
      if (outputs != null) {
        for (String name : outputs.members().keySet()) {
          if (channels.containsKey(name)) {
            faults.add(outputs.at(name), "must not be the name of a channel");
          }
        }
      }
    }
  }

  private static @Nullable Long integer(Element element, String member) {
    BigDecimal number = element.number(member);
    // One that is out of range has been reported.
    return number == null
            || number.scale() > 0
            || number.signum() < 0
            || number.compareTo(LARGEST) > 0
        ? null
        : (Long) number.longValueExact();
  }
}
