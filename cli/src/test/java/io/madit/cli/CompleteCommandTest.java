package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.v1.DetokenizeRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code complete} against a server that runs already. */
class CompleteCommandTest {
  @TempDir Path folder;
  private FakeServer server;

  @BeforeEach
  void start() throws Exception {
    server = new FakeServer();
    PictureFile.writePng(TestPictures.gradient(100, 80), folder.resolve("a.png"));
    Files.writeString(folder.resolve("captions.json"), "{\"a.png\": \"a gradient\"}");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Terminal complete(String... more) {
    String[] fixed = {
      "complete",
      "--from",
      folder.toString(),
      "--out",
      sheet().toString(),
      "--server",
      server.address()
    };
    return Terminal.run(Stream.of(fixed, more).flatMap(Arrays::stream).toArray(String[]::new));
  }

  private Path sheet() {
    return folder.resolve("sheet.png");
  }

  @Test
  void aQuarter_isCompletedByAModelAndAtRandom() throws Exception {
    Terminal terminal = complete();
    assertThat(terminal.code()).as(terminal.err()).isZero();
    assertThat(PictureFile.parse(Files.readAllBytes(sheet())).getWidth())
        .isEqualTo(4 * 128 + 5 * ContactSheet.MARGIN);
    List<DetokenizeRequest> asked = server.requests();
    assertThat(asked).hasSize(3);
    assertThat(asked).allMatch(r -> r.getConditioning().getText().equals("a gradient"));
    assertThat(ids(asked.get(0))).isEqualTo(IntStream.range(0, 16).boxed().toList());
    assertThat(ids(asked.get(1))).containsExactly(0, 1, 2, 3);
    assertThat(asked.get(1).getCompletion().getModel()).isEqualTo("maskgil-nano");
    assertThat(ids(asked.get(2))).hasSize(16).startsWith(0, 1, 2, 3);
    assertThat(asked.get(2).hasCompletion()).isFalse();
  }

  private static List<Integer> ids(DetokenizeRequest request) {
    return request.getVisual().getTokenIds().getIdsList();
  }

  @Test
  void shareAndModel_canBeChosen() {
    assertThat(complete("--known", "0.5", "--completion", "other").code()).isZero();
    DetokenizeRequest partial = server.requests().get(1);
    assertThat(ids(partial)).hasSize(8);
    assertThat(partial.getCompletion().getModel()).isEqualTo("other");
  }

  @Test
  void wrongShare_isOneLine() {
    Terminal terminal = complete("--known", "1.5");
    assertThat(terminal.code()).isEqualTo(1);
    assertThat(terminal.err()).isEqualTo("madit: --known is 1.5, it must be 0 to 1\n");
    assertThat(sheet()).doesNotExist();
  }
}
