package io.heddle.workflow;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Refuses what the protocol knows and this host does not execute yet, because a run must not behave
 * otherwise than its definition says. One method per feature: whoever builds the feature deletes
 * its method.
 */
final class UnsupportedFeatures {

  private static final String REFUSAL = "is not executed by this host";

  private final Element document;

  private final Faults faults;

  UnsupportedFeatures(Element document, Faults faults) {
    this.document = document;
    this.faults = faults;
  }

  void check() {
    inactiveWorkflow();
    promptDefaults();
    inheritedArtifacts();
    complianceClass();
    maskingMode();
    for (Element node : document.items("nodes")) {
      agent(node);
      credentials(node);
      envelopeContract(node);
      artifactType(node);
    }
    for (Element edge : document.items("edges")) {
      ports(edge);
    }
    document.items("triggers").forEach(this::automaticTrigger);
  }

  private void inactiveWorkflow() {
    if (document.isFalse("isActive")) {
      refuse(document.at("isActive"), "false");
    }
    if (isOtherThan("active", document.text("status"), DefinitionShape.STATUSES)) {
      refuse(document.at("status"), "other than active");
    }
  }

  private void promptDefaults() {
    Element defaults = document.object("defaults");
    if (defaults != null) {
      refuseObject(defaults, "promptRefs");
    }
  }

  private void inheritedArtifacts() {
    if (!document.items("acceptsInheritedArtifacts").isEmpty()) {
      refuse(document.at("acceptsInheritedArtifacts"));
    }
  }

  private void complianceClass() {
    Element metadata = document.object("metadata");
    if (metadata != null
        && isOtherThan(
            "public", metadata.text("complianceClass"), DefinitionShape.COMPLIANCE_CLASSES)) {
      refuse(metadata.at("complianceClass"), "other than public");
    }
  }

  private void maskingMode() {
    Element metadata = document.object("metadata");
    Element config = metadata == null ? null : metadata.object("complianceConfig");
    if (config != null
        && isOtherThan("mask", config.text("maskingMode"), DefinitionShape.MASKING_MODES)) {
      refuse(config.at("maskingMode"), "other than mask");
    }
  }

  private void agent(Element node) {
    Element agent = node.object("agent");
    if (agent == null) {
      return;
    }
    refuseText(agent, "channel");
    refuseText(agent, "memoryRef");
  }

  private void credentials(Element node) {
    refuseText(node, "credentialsRef");
  }

  private void envelopeContract(Element node) {
    refuseObject(node, "envelopeContract");
  }

  private void artifactType(Element node) {
    refuseText(node, "artifactType");
  }

  private void ports(Element edge) {
    String output = edge.text("sourceOutput");
    if (output != null && !output.equals("output")) {
      refuse(edge.at("sourceOutput"), "other than output");
    }
    String input = edge.text("targetInput");
    if (input != null && !input.equals("input")) {
      refuse(edge.at("targetInput"), "other than input");
    }
  }

  private void automaticTrigger(Element trigger) {
    if (isOtherThan("manual", trigger.text("type"), DefinitionShape.TRIGGER_TYPES)
        && !trigger.isFalse("enabled")) {
      refuse(trigger.at("type"), "other than manual, when enabled,");
    }
  }

  /** False for a word that does not exist, which the shape of the definition has reported. */
  private static boolean isOtherThan(String taken, @Nullable String word, List<String> words) {
    return word != null && !word.equals(taken) && words.contains(word);
  }

  private void refuseObject(Element element, String member) {
    if (element.object(member) != null) {
      refuse(element.at(member));
    }
  }

  private void refuseText(Element element, String member) {
    if (element.text(member) != null) {
      refuse(element.at(member));
    }
  }

  private void refuse(Place place) {
    faults.add(place, REFUSAL);
  }

  private void refuse(Place place, String what) {
    faults.add(place, what + " " + REFUSAL);
  }
}
