package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdFileTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "1 2 3",
        "1,2,3",
        " 1,\n2 ,\t3,\n",
        "[1, 2, 3]",
        "{\"ids\": [1, 2, 3], \"seed\": 7}"
      })
  void parse_everyForm_sameIds(String text) {
    assertThat(IdFile.parse(text)).containsExactly(1, 2, 3);
  }

  @Test
  void parse_largestUnsigned_kept() {
    assertThat(IdFile.parse("4294967295")).containsExactly(-1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1 two", "-1", "4294967296", "1.5", "[1, null]", "[[1]]", "[\"x\"]"})
  void parse_noId_namesIt(String text) {
    assertThatExceptionOfType(CommandFailure.class)
        .isThrownBy(() -> IdFile.parse(text))
        .withMessageContaining("not a whole number from 0 to 4294967295");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n", "[]", "{\"ids\": []}"})
  void parse_nothing_saysSo(String text) {
    assertThatExceptionOfType(CommandFailure.class)
        .isThrownBy(() -> IdFile.parse(text))
        .withMessage("no ids in the input");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[1, 2", "{\"tokens\": [1]}"})
  void parse_otherJson_saysSo(String text) {
    assertThatExceptionOfType(CommandFailure.class)
        .isThrownBy(() -> IdFile.parse(text))
        .withMessageContaining("JSON");
  }

  @Test
  void format_then_parse_sameIds() {
    List<Integer> ids = IntStream.range(0, 40).boxed().toList();
    assertThat(IdFile.format(ids).lines()).hasSize(3);
    assertThat(IdFile.parse(IdFile.format(ids))).isEqualTo(ids);
  }
}
