package io.madit.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.v1.BeginImage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo against a server that runs already. */
class DemoCommandTest {
  @TempDir Path folder;
  private FakeServer server;

  @BeforeEach
  void start() throws Exception {
    server = new FakeServer();
    PictureFile.writePng(TestPictures.gradient(100, 80), folder.resolve("a.png"));
    PictureFile.writePng(TestPictures.filled(64, 64, 0x808080), folder.resolve("b.png"));
    String captions = "{\"b.png\": \"a grey\", \"a.png\": \"a gradient\"}";
    Files.writeString(folder.resolve("captions.json"), captions);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void demo_twoPictures_writesPicturesStripsAndSheet() throws Exception {
    Path out = folder.resolve("deep/out");
    Terminal terminal = demo(out);
    assertThat(terminal.code()).as(terminal.err()).isZero();
    assertThat(out.toFile().list())
        .contains("a.png", "a.gif", "b.png", "b.gif", "contact-sheet.png");
    assertThat(terminal.out())
        .contains("b: PSNR inf dB, queue 0.000 s, rounds 0.250 s")
        .containsPattern("a: PSNR \\d+\\.\\d dB")
        .contains("average of 2: ")
        .contains("contact sheet: " + out.resolve("contact-sheet.png"));
    var sheet = PictureFile.parse(Files.readAllBytes(out.resolve("contact-sheet.png")));
    assertThat(sheet.getWidth()).isEqualTo(6 * 128 + 7 * ContactSheet.MARGIN);
  }

  @Test
  void demo_stream_looksLikeALanguageModel() {
    demo(folder.resolve("out"), "--pictures", "1");
    BeginImage begin = server.begins().get(0);
    assertThat(server.begins()).hasSize(1);
    assertThat(begin.getVocabularyOffset()).isEqualTo(DemoSession.VOCABULARY_OFFSET);
    assertThat(begin.getEndOfImageId()).isEqualTo(DemoSession.END_OF_IMAGE_ID);
    assertThat(begin.getConditioning().getText()).isEqualTo("a grey");
    assertThat(begin.getSampling().getSeed()).isEqualTo(7);
    assertThat(begin.getPreviewEveryRounds()).isEqualTo(1);
    assertThat(server.streamedIds())
        .hasSize(17)
        .startsWith(DemoSession.VOCABULARY_OFFSET)
        .endsWith(DemoSession.END_OF_IMAGE_ID);
    assertThat(server.chunks()).isEqualTo(5);
  }

  @Test
  void demo_withoutCaptions_sendsNoText() {
    demo(folder.resolve("out"), "--pictures", "1", "--no-captions", "--seed", "3");
    assertThat(server.begins().get(0).hasConditioning()).isFalse();
    assertThat(server.begins().get(0).getSampling().getSeed()).isEqualTo(3);
  }

  @Test
  void demo_compared_hasAFurtherColumn() throws Exception {
    Path out = folder.resolve("out");
    Terminal terminal = demo(out, "--pictures", "1", "--compare", "other");
    assertThat(terminal.code()).as(terminal.err()).isZero();
    assertThat(server.requests())
        .singleElement()
        .satisfies(
            request -> {
              assertThat(request.getVisual().getTokenIds().getIdsList()).hasSize(16);
              assertThat(request.getSampling().getSeed()).isEqualTo(7);
            });
    var sheet = PictureFile.parse(Files.readAllBytes(out.resolve("contact-sheet.png")));
    assertThat(sheet.getWidth()).isEqualTo(7 * 128 + 8 * ContactSheet.MARGIN);
  }

  @Test
  void demo_pictureRefused_oneLine() {
    Terminal terminal = demo(folder.resolve("out"), "--rounds", "9");
    assertThat(terminal.code()).isEqualTo(1);
    assertThat(terminal.err())
        .contains("madit: b: server answered INVALID_ARGUMENT: sampling.rounds: too many");
  }

  private Terminal demo(Path out, String... more) {
    String[] arguments = new String[7 + more.length];
    arguments[0] = "demo";
    arguments[1] = "--server";
    arguments[2] = server.address();
    arguments[3] = "--from";
    arguments[4] = folder.toString();
    arguments[5] = "--out";
    arguments[6] = out.toString();
    System.arraycopy(more, 0, arguments, 7, more.length);
    return Terminal.run(arguments);
  }
}
