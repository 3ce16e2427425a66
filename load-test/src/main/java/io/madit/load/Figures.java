package io.madit.load;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The numbers in a report of any bench command, in its order.
 *
 * @param byName by the path to them, with dots
 */
record Figures(Map<String, Double> byName) {
  /** Thousands of points; no figures. */
  private static final String PLOTS = "charts";

  /**
   * @throws IllegalArgumentException naming the file and what is wrong with it
   */
  static Figures read(Path file) throws IOException {
    try {
      return of(new ObjectMapper().readTree(Files.readString(file)));
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(file + " does not exist", e);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  static Figures of(JsonNode report) {
    Map<String, Double> byName = new LinkedHashMap<>();
    collect("", report, byName);
    return new Figures(byName);
  }

  private static void collect(String name, JsonNode node, Map<String, Double> byName) {
    if (node.isNumber()) {
      byName.put(name, node.asDouble());
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        collect(joined(name, "" + i), node.get(i), byName);
      }
    } else {
      node.properties()
          .forEach(
              field -> {
                if (!field.getKey().equals(PLOTS)) {
                  collect(joined(name, field.getKey()), field.getValue(), byName);
                }
              });
    }
  }

  private static String joined(String name, String part) {
    return name.isEmpty() ? part : name + "." + part;
  }
}
