package io.madit.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Token ids as text: numbers between white space or commas, a JSON list, or a JSON object with
 * "ids".
 */
final class IdFile {
  private static final int IDS_PER_LINE = 16;
  private static final long LARGEST = 0xFFFF_FFFFL;

  private IdFile() {}

  /** Unsigned 32-bit ids, in the order of the text. */
  static List<Integer> parse(String text) {
    String trimmed = text.strip();
    List<Integer> ids =
        trimmed.startsWith("[") || trimmed.startsWith("{")
            ? parseJson(trimmed)
            : parsePlain(trimmed);
    if (ids.isEmpty()) {
      throw new CommandFailure("no ids in the input");
    }
    return ids;
  }

  static String format(List<Integer> ids) {
    return IntStream.iterate(0, i -> i < ids.size(), i -> i + IDS_PER_LINE)
        .mapToObj(i -> ids.subList(i, Math.min(i + IDS_PER_LINE, ids.size())))
        .map(line -> line.stream().map(Integer::toUnsignedString).collect(Collectors.joining(" ")))
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private static List<Integer> parsePlain(String text) {
    List<Integer> ids = new ArrayList<>();
    for (String word : text.split("[\\s,]+", -1)) {
      if (!word.isEmpty()) {
        ids.add(id(word, ids.size()));
      }
    }
    return ids;
  }

  private static List<Integer> parseJson(String text) {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(text);
    } catch (JsonProcessingException e) {
      throw new CommandFailure("not JSON: " + e.getOriginalMessage(), e);
    }
    JsonNode list = root.isObject() ? root.path("ids") : root;
    if (!list.isArray()) {
      throw new CommandFailure("the JSON object has no list \"ids\"");
    }
    List<Integer> ids = new ArrayList<>();
    list.forEach(node -> ids.add(id(node.asText(node.toString()), ids.size())));
    return ids;
  }

  private static int id(String word, int position) {
    try {
      long id = Long.parseLong(word);
      if (id >= 0 && id <= LARGEST) {
        return (int) id;
      }
    } catch (NumberFormatException e) {
      // Said below, as for numbers out of range.
    }
    throw new CommandFailure(
        "id %d is \"%s\", not a whole number from 0 to %d"
            .formatted(position, Labels.cut(word, 20), LARGEST));
  }
}
