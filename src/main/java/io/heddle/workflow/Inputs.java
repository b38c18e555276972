package io.heddle.workflow;

import io.heddle.channel.ChannelDefinition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a run starts with. */
public final class Inputs {

  private static final Place INPUTS = Place.ROOT.at("inputs");

  private static final Place CONFIGURABLE = Place.ROOT.at("configurable");

  private Inputs() {}

  /**
   * The variables of a new run: the defaults of the workflow, overlaid with the inputs. An input
   * that the workflow does not declare is kept as it is.
   *
   * @throws InvalidInputsException when a required variable has no value, an input does not fit its
   *     declared type (null fits none) or is named like a channel
   */
  public static Map<String, @Nullable Object> variables(
      WorkflowDefinition workflow, Map<String, @Nullable Object> inputs) {
    Faults faults = new Faults();
    Map<String, @Nullable Object> variables = new LinkedHashMap<>();
    for (VariableDefinition variable : workflow.variables()) {
      String name = variable.name();
      if (inputs.containsKey(name)) {
        if (!variable.accepts(inputs.get(name))) {
          faults.add(INPUTS.at(name), variable.type().problem());
        }
      } else if (variable.hasDefault()) {
        variables.put(name, variable.defaultValue());
      } else if (variable.required()) {
        faults.add(INPUTS.at(name), "is required");
      }
    }
    for (String name : workflow.channels().keySet()) {
      if (inputs.containsKey(name)) {
        faults.add(INPUTS.at(name), "must not be the name of a channel");
      }
    }
    if (!faults.isEmpty()) {
      throw new InvalidInputsException(faults.list());
    }
    variables.putAll(inputs);
    return Collections.unmodifiableMap(variables);
  }

  /** What the channels that the workflow declares hold before anything is written. */
  public static Map<String, @Nullable Object> channels(WorkflowDefinition workflow) {
    Map<String, @Nullable Object> channels = new LinkedHashMap<>();
    workflow.channels().values().stream()
        .filter(ChannelDefinition::declared)
        .forEach(channel -> channels.put(channel.name(), channel.initial()));
    return Collections.unmodifiableMap(channels);
  }

  /** What of a run's configuration does not fit the schema of its workflow. */
  public static List<Fault> configurableFaults(
      WorkflowDefinition workflow, Map<String, @Nullable Object> configurable) {
    Faults faults = new Faults();
    workflow
        .configurableSchema()
        .ifPresent(
            schema ->
                schema
                    .validate(configurable)
                    .forEach(it -> faults.add(CONFIGURABLE.below(it.pointer()), it.problem())));
    return faults.list();
  }
}
