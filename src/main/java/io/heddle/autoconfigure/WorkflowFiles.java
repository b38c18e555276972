package io.heddle.autoconfigure;

import io.heddle.spi.WorkflowSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.ResourcePatternResolver;

/** Workflow definitions in files, one per file. */
final class WorkflowFiles implements WorkflowSource {

  private final ResourcePatternResolver resources;

  private final List<String> locations;

  WorkflowFiles(ResourcePatternResolver resources, List<String> locations) {
    this.resources = resources;
    this.locations = List.copyOf(locations);
  }

  @Override
  public List<Document> workflows() {
    List<Document> documents = new ArrayList<>();
    for (String location : locations) {
      documents.addAll(read(resources, location));
    }
    return documents;
  }

  static List<Document> read(ResourcePatternResolver resources, String location) {
    List<Document> documents = new ArrayList<>();
    try {
      for (Resource resource : resources.getResources(location)) {
        documents.add(
            new Document(
                resource.getDescription(), resource.getContentAsString(StandardCharsets.UTF_8)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Could not read the workflows in " + location, e);
    }
    return documents;
  }
}
