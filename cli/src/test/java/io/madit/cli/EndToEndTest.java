package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that start the real server, with a small bundle of random weights. */
class EndToEndTest {
  private static final Path BUNDLE =
      Path.of("..", "server", "src", "test", "resources", "models", "pico-encoder");

  @TempDir Path folder;
  private Path picture;

  @BeforeEach
  void drawPicture() throws Exception {
    picture = folder.resolve("gradient.png");
    PictureFile.writePng(TestPictures.gradient(128, 128), picture);
  }

  @Test
  void demo_picoBundle_drawsAndStopsTheServer() throws Exception {
    Path out = folder.resolve("out");
    Terminal terminal =
        Terminal.run(
            "demo",
            "--model",
            BUNDLE.toString(),
            "--from",
            folder.toString(),
            "--out",
            out.toString(),
            "--rounds",
            "16",
            "--precision",
            "float32");
    assertThat(terminal.code()).as(terminal.err()).isZero();
    assertThat(terminal.out()).containsPattern("gradient: PSNR \\d+\\.\\d dB, queue");
    assertThat(out.toFile().list())
        .containsExactlyInAnyOrder(
            "gradient.png", "gradient.gif", "contact-sheet.png", "server.log");
    assertThat(ProcessHandle.current().children()).isEmpty();
  }

  @Test
  void tokenize_then_detokenize_picoBundle() throws Exception {
    Path ids = folder.resolve("ids.txt");
    Path out = folder.resolve("out.webp");
    String bundle = BUNDLE.toString();
    Terminal tokenized =
        Terminal.run("tokenize", picture.toString(), "--out", ids.toString(), "--model", bundle);
    assertThat(tokenized.code()).as(tokenized.err()).isZero();
    assertThat(IdFile.parse(Files.readString(ids))).hasSize(64);

    Terminal drawn =
        Terminal.run(
            "detokenize",
            "--ids",
            ids.toString(),
            "--out",
            out.toString(),
            "--model",
            bundle,
            "--seed",
            "3");
    assertThat(drawn.code()).as(drawn.err()).isZero();
    assertThat(drawn.out()).contains("seed 3,");
    assertThat(Files.readAllBytes(out)).startsWith('R', 'I', 'F', 'F');
  }

  @Test
  void detokenize_ofAQuarter_completesWithAnotherBundle() throws Exception {
    Path ids = Files.writeString(folder.resolve("ids.txt"), "5 6 7 8");
    Path out = folder.resolve("out.png");
    Terminal drawn =
        Terminal.run(
            "detokenize",
            "--ids",
            ids.toString(),
            "--out",
            out.toString(),
            "--model",
            BUNDLE.resolveSibling("pico-buffer").toString(),
            "--completion",
            BUNDLE.resolveSibling("pico-maskgil").toString());
    assertThat(drawn.code()).as(drawn.err()).isZero();
    assertThat(drawn.out()).contains("12 ids by pico-maskgil");
    assertThat(out).isNotEmptyFile();
  }

  @Test
  void demo_brokenBundle_serverSaysWhy() throws Exception {
    Path broken = Files.createDirectory(folder.resolve("broken"));
    Files.writeString(broken.resolve("manifest.json"), "{}");
    Terminal terminal = Terminal.run("tokenize", picture.toString(), "--model", broken.toString());
    assertThat(terminal.code()).isEqualTo(1);
    assertThat(terminal.err())
        .startsWith("madit: the server did not start: ")
        .contains("schema_version: must be 1")
        .hasLineCount(1);
  }
}
