package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareCommandTest {
  @TempDir private Path folder;

  @Test
  void table_holdsEveryFigureOfBoth() throws Exception {
    String a = "{'load': {'p50': 10.5, 'counts': {'OK': 100, 'LATE': 0}}, 'name': 'x'}";
    String b = "{'load': {'p50': 21, 'counts': {'OK': 90, 'LATE': 3, 'GONE': 1}}}";
    assertThat(CompareCommand.table(figures(a), figures(b)).lines().map(l -> l.split(" +")))
        .containsExactly(
            new String[] {"figure", "A", "B", "B/A"},
            new String[] {"load.p50", "10.500", "21", "2.000"},
            new String[] {"load.counts.OK", "100", "90", "0.900"},
            new String[] {"load.counts.LATE", "0", "3", "-"},
            new String[] {"load.counts.GONE", "-", "1", "-"});
  }

  @Test
  void figures_leavePlotsOut_andNumberLists() throws Exception {
    String report = "{'charts': [{'lines': [1, 2]}], 'runs': [{'x': 1}, {'x': 2.5}]}";
    assertThat(figures(report).byName()).containsOnlyKeys("runs.0.x", "runs.1.x");
  }

  @Test
  void read_ofABadFile_namesIt() throws Exception {
    Path none = folder.resolve("none.json");
    assertThatThrownBy(() -> Figures.read(none)).hasMessage(none + " does not exist");
    Path broken = Files.writeString(folder.resolve("broken.json"), "{\"a\": ");
    assertThatThrownBy(() -> Figures.read(broken))
        .hasMessageStartingWith(broken + " is not JSON: ");
  }

  private static Figures figures(String json) throws Exception {
    return Figures.of(new ObjectMapper().readTree(json.replace('\'', '"')));
  }
}
