package io.madit.load;

import io.madit.v1.Priority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Arrivals as a CSV file: {@code seconds[,rounds[,priority]]} per line, sorted by time. Empty
 * fields, empty lines, lines that begin with # and a header that begins with "seconds" are allowed.
 */
final class TraceFile {
  private static final double LONGEST_SECONDS = 1e6;
  private static final int MOST_ROUNDS = 65_535;

  private TraceFile() {}

  /**
   * @throws IllegalArgumentException naming line, field, bound and value
   */
  static List<Arrival> read(Path file) throws IOException {
    try {
      return parse(file.toString(), Files.readAllLines(file));
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(file + " does not exist", e);
    }
  }

  /** As {@link #read}, of lines that are at hand. */
  static List<Arrival> parse(String name, List<String> lines) {
    List<Arrival> arrivals = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#") || line.startsWith("seconds")) {
        continue;
      }
      String place = name + " line " + (i + 1) + ": ";
      Arrival arrival = arrival(place, line.split(",", -1));
      if (!arrivals.isEmpty() && arrival.atNanos() < arrivals.get(arrivals.size() - 1).atNanos()) {
        throw new IllegalArgumentException(place + "seconds must not decrease");
      }
      arrivals.add(arrival);
    }
    if (arrivals.isEmpty()) {
      throw new IllegalArgumentException(name + " holds no arrival");
    }
    return arrivals;
  }

  private static Arrival arrival(String place, String[] fields) {
    if (fields.length > 3) {
      throw new IllegalArgumentException(
          place + "at most 3 fields are allowed, there are " + fields.length);
    }
    double seconds = number(place, "seconds", fields[0], LONGEST_SECONDS);
    String rounds = fields.length > 1 ? fields[1].strip() : "";
    String priority = fields.length > 2 ? fields[2].strip() : "";
    return new Arrival(
        Math.round(seconds * 1e9),
        rounds.isEmpty() ? 0 : rounds(place, rounds),
        priority.isEmpty() ? Priority.PRIORITY_NORMAL : priority(place, priority));
  }

  private static int rounds(String place, String text) {
    double rounds = number(place, "rounds", text, MOST_ROUNDS);
    if (rounds != Math.rint(rounds)) {
      throw new IllegalArgumentException(place + "rounds must be whole, is " + text);
    }
    return (int) rounds;
  }

  private static double number(String place, String field, String text, double most) {
    double value;
    try {
      value = Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(place + field + " must be a number, is '" + text + "'", e);
    }
    if (!(value >= 0 && value <= most)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%s%s must be in 0 to %.0f, is %s", place, field, most, text.strip()));
    }
    return value;
  }

  private static Priority priority(String place, String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "high" -> Priority.PRIORITY_HIGH;
      case "normal" -> Priority.PRIORITY_NORMAL;
      case "low" -> Priority.PRIORITY_LOW;
      default ->
          throw new IllegalArgumentException(
              place + "priority must be high, normal or low, is " + text);
    };
  }
}
