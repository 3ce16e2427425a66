package io.madit.load;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Two reports side by side. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description = {
      "Prints every figure of two JSON reports of the same command, and the second divided by the",
      "first."
    })
final class CompareCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "A.json", description = "Report of the first run.")
  private Path first;

  @Parameters(index = "1", paramLabel = "B.json", description = "Report of the second run.")
  private Path second;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    out.print(table(Figures.read(first), Figures.read(second)));
    out.flush();
    return 0;
  }

  static String table(Figures a, Figures b) {
    Set<String> names = new LinkedHashSet<>(a.byName().keySet());
    names.addAll(b.byName().keySet());
    int width = names.stream().mapToInt(String::length).max().orElse(0);
    String row = "%-" + Math.max(width, 6) + "s %14s %14s %8s%n";
    StringBuilder table =
        new StringBuilder(String.format(Locale.ROOT, row, "figure", "A", "B", "B/A"));
    for (String name : names) {
      Double before = a.byName().get(name);
      Double after = b.byName().get(name);
      table.append(
          String.format(
              Locale.ROOT, row, name, number(before), number(after), ratio(before, after)));
    }
    return table.toString();
  }

  /** Whole numbers as they are, others with three digits after the point. */
  private static String number(Double value) {
    if (value == null) {
      return "-";
    }
    return String.format(Locale.ROOT, value == Math.rint(value) ? "%.0f" : "%.3f", value);
  }

  private static String ratio(Double before, Double after) {
    if (before == null || after == null || before == 0) {
      return "-";
    }
    return String.format(Locale.ROOT, "%.3f", after / before);
  }
}
