package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.v1.Priority;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TraceFileTest {
  @TempDir private Path folder;

  @Test
  void parse_fillsWhatALineLeavesOut() {
    List<Arrival> arrivals =
        TraceFile.parse(
            "t.csv",
            List.of(
                "seconds,rounds,priority", "# a note", "", "0", "0.5, 8", " 0.5,,HIGH", "2,4,low"));
    assertThat(arrivals)
        .containsExactly(
            new Arrival(0),
            new Arrival(500_000_000, 8, Priority.PRIORITY_NORMAL),
            new Arrival(500_000_000, 0, Priority.PRIORITY_HIGH),
            new Arrival(2_000_000_000, 4, Priority.PRIORITY_LOW));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "soon      | seconds must be a number, is 'soon'",
        "-1        | seconds must be in 0 to 1000000, is -1",
        "NaN       | seconds must be in 0 to 1000000, is NaN",
        "1,2.5     | rounds must be whole, is 2.5",
        "1,70000   | rounds must be in 0 to 65535, is 70000",
        "1,2,vip   | priority must be high, normal or low, is vip",
        "1,2,low,3 | at most 3 fields are allowed, there are 4",
        "0         | seconds must not decrease",
      })
  void parse_ofABadLine_namesIt(String line, String complaint) {
    assertThatThrownBy(() -> TraceFile.parse("t.csv", List.of("0.25", line)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("t.csv line 2: " + complaint);
  }

  @Test
  void parse_ofNothing_isRefused() {
    assertThatThrownBy(() -> TraceFile.parse("t.csv", List.of("# nothing")))
        .hasMessage("t.csv holds no arrival");
  }

  @Test
  void read_ofNoFile_namesIt() {
    Path file = folder.resolve("none.csv");
    assertThatThrownBy(() -> TraceFile.read(file)).hasMessage(file + " does not exist");
  }
}
