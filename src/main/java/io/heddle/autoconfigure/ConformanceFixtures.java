package io.heddle.autoconfigure;

import io.heddle.json.Json;
import io.heddle.json.JsonFault;
import io.heddle.spi.WorkflowSource;
import io.heddle.workflow.InvalidWorkflowException;
import io.heddle.workflow.WorkflowParser;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.support.ResourcePatternResolver;

/**
 * The conformance workflows, if this deployment is one for tests. Only what this host can execute
 * is offered, so only that is advertised.
 */
final class ConformanceFixtures implements WorkflowSource {

  private static final Logger log = LoggerFactory.getLogger(ConformanceFixtures.class);

  private static final String BUILT_IN = "classpath*:fixtures/*.json";

  private final List<Document> documents = new ArrayList<>();

  private final List<String> ids = new ArrayList<>();

  ConformanceFixtures(
      ResourcePatternResolver resources,
      HeddleProperties.Conformance settings,
      WorkflowParser parser) {
    if (settings.enabled()) {
      String location =
          settings.fixturesDir() == null ? BUILT_IN : "file:" + settings.fixturesDir() + "/*.json";
      WorkflowFiles.read(resources, location).forEach(document -> accept(document, parser));
    }
  }

  @Override
  public List<Document> workflows() {
    return List.copyOf(documents);
  }

  /** The ids that are offered. */
  List<String> ids() {
    return List.copyOf(ids);
  }

  private void accept(Document document, WorkflowParser parser) {
    try {
      ids.add(parser.parse(Json.parse(document.json())).id());
      documents.add(document);
    } catch (InvalidWorkflowException | JsonFault e) {
      log.info("{} is not offered: {}", document.origin(), e.getMessage());
    }
  }
}
