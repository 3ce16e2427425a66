package io.madit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.madit.v1.OutputFormat;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls to a real server. */
class MaditClientTest {
  private static final int[] IDS = IntStream.range(0, 16).toArray();
  private static final PictureOptions SEVEN = PictureOptions.defaults().withSeed(7);

  private static RealServer server;
  private static MaditClient client;

  @BeforeAll
  static void start() throws Exception {
    server = new RealServer();
    client = MaditClient.builder(server.address()).build();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void models_areListedAndDescribed() {
    assertThat(client.models()).singleElement().matches(m -> m.getName().equals("pico-buffer"));
    assertThat(client.model("").getCodebookSize()).isEqualTo(64);
    assertThatThrownBy(() -> client.model("none"))
        .isInstanceOfSatisfying(
            MaditException.class,
            e -> {
              assertThat(e.code()).isEqualTo(Status.Code.NOT_FOUND);
              assertThat(e.reason()).isEqualTo("MODEL_NOT_FOUND");
            });
  }

  @Test
  void tokenize_file_givesTheIdsThatDetokenizeTakes() throws Exception {
    int[] ids =
        client.tokenize(Files.readAllBytes(RealServer.ROOT.resolve("demo/pictures/tree.png")));
    assertThat(ids).hasSize(16);
    assertThat(Arrays.stream(ids)).allMatch(id -> id >= 0 && id < 64);
    assertThat(client.detokenize(ids, SEVEN).image().getWidth()).isEqualTo(64);
  }

  @Test
  void detokenize_formats_haveTheSamePixels(@TempDir Path folder) throws Exception {
    Picture png = client.detokenize(IDS, SEVEN);
    Picture raw = client.detokenize(IDS, SEVEN.withFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB));
    assertThat(png.seed()).isEqualTo(7);
    assertThat(raw.bytes()).hasSize(64 * 64 * 3);
    assertThat(pixels(raw.image())).isEqualTo(pixels(png.image()));
    png.save(folder.resolve("a.png"));
    assertThat(folder.resolve("a.png")).hasBinaryContent(png.bytes());
  }

  @Test
  void detokenize_wrongIds_namesTheFields() {
    int[] wrong = new int[16];
    wrong[3] = 64;
    assertThatThrownBy(() -> client.detokenize(wrong, SEVEN))
        .isInstanceOfSatisfying(
            MaditException.class,
            e -> {
              assertThat(e.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
              assertThat(e.reason()).isEqualTo("INVALID_FIELD");
              assertThat(e.violations().get(0).field()).isEqualTo("visual.token_ids.ids[3]");
            })
        .hasMessageStartingWith("INVALID_ARGUMENT (INVALID_FIELD): ");
  }

  @Test
  void detokenize_pastItsDeadline_saysSo() {
    try (MaditClient hasty =
        MaditClient.builder(server.address()).timeout(Duration.ofNanos(1)).build()) {
      assertThatThrownBy(() -> hasty.detokenize(IDS, SEVEN))
          .isInstanceOfSatisfying(
              MaditException.class,
              e -> assertThat(e.code()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
    }
  }

  @Test
  void detokenize_interrupted_isCancelled() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> client.detokenize(IDS, SEVEN))
        .isInstanceOfSatisfying(
            MaditException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.CANCELLED));
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void stream_idById_tellsEverythingAndDrawsTheSamePicture() {
    List<PictureEvent> events = new ArrayList<>();
    try (PictureStream stream = client.stream(SEVEN, Updates.previewEvery(2))) {
      for (int id : IDS) {
        stream.put(id);
      }
      stream.finish();
      stream.forEachRemaining(events::add);
      assertThat(events.get(0)).isInstanceOf(PictureEvent.Accepted.class);
      assertThat(events).hasAtLeastOneElementOfType(PictureEvent.Progress.class);
      assertThat(events)
          .filteredOn(PictureEvent.Preview.class::isInstance)
          .allMatch(e -> ((PictureEvent.Preview) e).rendering().image().getWidth() == 64);
      assertThat(events.get(events.size() - 1)).isEqualTo(new PictureEvent.Done(stream.result()));
      assertThat(pixels(stream.result().image()))
          .isEqualTo(pixels(client.detokenize(IDS, SEVEN).image()));
    }
  }

  @Test
  void stream_withoutSeed_choosesOne() {
    try (PictureStream stream = client.stream(PictureOptions.defaults())) {
      stream.put(IDS);
      assertThat(stream.result().seed()).isEqualTo(stream.seed());
    }
  }

  @Test
  void stream_wrongId_failsWithTheField() {
    try (PictureStream stream = client.stream(SEVEN)) {
      stream.put(64);
      assertThatThrownBy(stream::result)
          .isInstanceOfSatisfying(
              MaditException.class, e -> assertThat(e.reason()).isEqualTo("INVALID_FIELD"));
      assertThat(stream.hasNext()).isFalse();
    }
  }

  @Test
  void stream_closed_endsItsIteration() {
    PictureStream stream = client.stream(SEVEN);
    assertThat(stream.next()).isInstanceOf(PictureEvent.Accepted.class);
    stream.close();
    assertThat(stream.hasNext()).isFalse();
    assertThatThrownBy(stream::result)
        .isInstanceOfSatisfying(
            MaditException.class, e -> assertThat(e.code()).isEqualTo(Status.Code.CANCELLED));
  }
}
