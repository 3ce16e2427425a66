package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.RevealOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tokenize} and {@code detokenize} against a server that runs already. */
class ClientCommandsTest {
  @TempDir Path folder;
  private FakeServer server;

  @BeforeEach
  void start() throws Exception {
    server = new FakeServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void tokenize_toFile_writesIdsThatDetokenizeReads() throws Exception {
    Path picture = folder.resolve("a.png");
    PictureFile.writePng(TestPictures.gradient(8, 8), picture);
    Path ids = folder.resolve("ids.txt");
    Terminal tokenized =
        Terminal.run(
            "tokenize", picture.toString(), "--out", ids.toString(), "--server", server.address());
    assertThat(tokenized.code()).as(tokenized.err()).isZero();
    assertThat(IdFile.parse(Files.readString(ids)))
        .isEqualTo(IntStream.range(0, 16).boxed().toList());

    Path out = folder.resolve("out.png");
    Terminal drawn = detokenize(ids, out, "--text", "a tree", "--rounds", "4", "--order", "raster");
    assertThat(drawn.code()).as(drawn.err()).isZero();
    assertThat(drawn.out()).contains("seed 18446744073709551615").contains("rounds 0.250 s");
    assertThat(PictureFile.parse(Files.readAllBytes(out)).getWidth()).isEqualTo(FakeServer.SIDE);

    DetokenizeRequest request = server.requests().get(0);
    assertThat(request.getConditioning().getText()).isEqualTo("a tree");
    assertThat(request.getSampling().getRounds()).isEqualTo(4);
    assertThat(request.getSampling().hasSeed()).isFalse();
    assertThat(request.getSampling().getRevealOrder()).isEqualTo(RevealOrder.REVEAL_ORDER_RASTER);
    assertThat(request.getOutput().getFormat()).isEqualTo(OutputFormat.OUTPUT_FORMAT_PNG);
  }

  @Test
  void tokenize_toTerminal_withOffset() throws Exception {
    Path picture = folder.resolve("a.png");
    PictureFile.writePng(TestPictures.gradient(8, 8), picture);
    Terminal terminal =
        Terminal.run(
            "tokenize",
            picture.toString(),
            "--vocabulary-offset",
            "100",
            "--server",
            server.address());
    assertThat(terminal.out()).startsWith("100 101 102");
  }

  @Test
  void detokenize_refusedByTheServer_oneLine() throws Exception {
    Path ids = Files.writeString(folder.resolve("ids.txt"), "" + FakeServer.REFUSED_ID);
    Path out = folder.resolve("out.png");
    Terminal terminal = detokenize(ids, out);
    assertThat(terminal.code()).isEqualTo(1);
    assertThat(terminal.err())
        .startsWith("madit: server answered INVALID_ARGUMENT: visual.token_ids.ids[0]")
        .hasLineCount(1);
    assertThat(out).doesNotExist();
  }

  private Terminal detokenize(Path ids, Path out, String... more) {
    String[] fixed = {
      "detokenize", "--ids", ids.toString(), "--out", out.toString(), "--server", server.address()
    };
    return Terminal.run(Stream.of(fixed, more).flatMap(Arrays::stream).toArray(String[]::new));
  }
}
