package io.madit.server.telemetry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The expressions of the rules and of the dashboard. */
final class DeployedQueries {
  private static final Path FOLDER = Path.of("../deploy/observability");

  private DeployedQueries() {}

  /** Expressions of recording rules by the name they record. */
  static Map<String, PromQuery> recorded() throws IOException {
    Map<String, PromQuery> recorded = new TreeMap<>();
    for (JsonNode rule : rules()) {
      if (rule.has("record")) {
        recorded.put(rule.get("record").asText(), query(rule));
      }
    }
    return recorded;
  }

  static List<PromQuery> alerts() throws IOException {
    return rules().stream().filter(rule -> rule.has("alert")).map(DeployedQueries::query).toList();
  }

  static List<PromQuery> dashboard() throws IOException {
    return new JsonMapper()
        .readTree(FOLDER.resolve("grafana-dashboard.json").toFile())
        .at("/panels")
        .valueStream()
        .flatMap(panel -> panel.path("targets").valueStream())
        .map(DeployedQueries::query)
        .toList();
  }

  private static List<JsonNode> rules() throws IOException {
    return new YAMLMapper()
        .readTree(FOLDER.resolve("madit.rules.yaml").toFile())
        .get("groups")
        .valueStream()
        .flatMap(group -> group.get("rules").valueStream())
        .toList();
  }

  private static PromQuery query(JsonNode node) {
    return PromQuery.parse(node.get("expr").asText());
  }
}
