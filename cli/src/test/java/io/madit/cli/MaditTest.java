package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MaditTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"demo", "detokenize", "tokenize"})
  void help_everyCommand_printsUsage(String command) {
    Terminal terminal = Terminal.run(command, "--help");
    assertThat(terminal.code()).isZero();
    assertThat(terminal.out()).startsWith("Usage: madit " + command).contains("--server");
  }

  @Test
  void help_root_listsCommands() {
    assertThat(Terminal.run("--help").out()).contains("demo", "serve", "detokenize", "tokenize");
  }

  @ParameterizedTest
  @CsvSource({
    "''",
    "paint",
    "demo --nonsense",
    "demo --pictures x",
    "detokenize --out x.png",
    "tokenize",
    "demo --order spiral"
  })
  void execute_wrongUsage_oneLineAndCode2(String arguments) {
    Terminal terminal =
        Terminal.run(arguments.isEmpty() ? new String[0] : arguments.split(" ", -1));
    assertThat(terminal.code()).isEqualTo(2);
    assertThat(terminal.err()).startsWith("madit: ").contains("--help").hasLineCount(1);
  }

  @Test
  void detokenize_noSuchFile_oneLine() {
    assertFails("no such file: absent.txt", "detokenize", "--ids", "absent.txt", "--out", "x.png");
  }

  @Test
  void detokenize_unknownEnding_oneLine() {
    assertFails("must end in .png", "detokenize", "--ids", "-", "--out", "x.bmp");
  }

  @Test
  void detokenize_badIds_oneLine() throws Exception {
    Path ids = Files.writeString(folder.resolve("ids.txt"), "1 2 x");
    assertFails("id 2 is \"x\"", "detokenize", "--ids", ids.toString(), "--out", "x.png");
  }

  @Test
  void demo_noBundle_oneLine() throws Exception {
    PictureFile.writePng(TestPictures.gradient(8, 8), folder.resolve("a.png"));
    String here = folder.toString();
    assertFails("no model bundle at", "demo", "--from", here, "--out", here, "--model", here);
  }

  @Test
  void demo_noPictures_oneLine() {
    assertFails("no PNG pictures in", "demo", "--from", folder.toString());
  }

  @Test
  void tokenize_nobodyListens_oneLine() throws Exception {
    Path picture = folder.resolve("a.png");
    PictureFile.writePng(TestPictures.gradient(8, 8), picture);
    assertFails(
        "server answered UNAVAILABLE", "tokenize", picture.toString(), "--server", "127.0.0.1:1");
  }

  private static void assertFails(String message, String... arguments) {
    Terminal terminal = Terminal.run(arguments);
    assertThat(terminal.code()).isEqualTo(1);
    assertThat(terminal.err()).startsWith("madit: ").contains(message).hasLineCount(1);
  }
}
