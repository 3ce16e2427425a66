package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import io.madit.v1.OutputFormat;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamDetokenizeTest {
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static BeginImage.Builder seeded(long seed) {
    BeginImage.Builder begin = BeginImage.newBuilder();
    begin.getSamplingBuilder().setSeed(seed);
    return begin;
  }

  private static ByteString unary(long seed) {
    return server.blocking().detokenize(Requests.picture(seed).build()).getOutput().getData();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 5, 16})
  void stream_drawsTheUnaryPictureInAnyChunking(int chunk) throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", seeded(11));
    List<Integer> ids = Requests.ids(11);
    for (int i = 0; i < ids.size(); i += chunk) {
      stream.tokens("a", ids.subList(i, Math.min(ids.size(), i + chunk)));
    }
    List<StreamDetokenizeResponse> events = stream.untilLast("a");
    assertThat(events.get(0).getAccepted().getTokenCount()).isEqualTo(16);
    assertThat(events.get(0).getAccepted().getSeed()).isEqualTo(11);
    assertThat(events.get(1).getImage().getOutput().getData()).isEqualTo(unary(11));
    stream.complete();
  }

  @Test
  void stream_endOfImageIdAndOffsetEndAPicture() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", seeded(12).setVocabularyOffset(1000).setEndOfImageId(7));
    List<Integer> ids = new ArrayList<>(Requests.ids(12).stream().map(id -> id + 1000).toList());
    ids.add(7);
    stream.tokens("a", ids);
    assertThat(stream.last("a").getImage().getOutput().getData()).isEqualTo(unary(12));
    stream.complete();
  }

  @Test
  void stream_progressAndPreviewsComeInOrder() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin(
        "a",
        seeded(13)
            .setProgress(true)
            .setPreviewEveryRounds(2)
            .setPreviewFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB));
    stream.tokens("a", Requests.ids(13));
    List<StreamDetokenizeResponse> events = stream.untilLast("a");
    List<Integer> rounds =
        events.stream()
            .filter(StreamDetokenizeResponse::hasProgress)
            .map(e -> e.getProgress().getRoundsDone())
            .toList();
    assertThat(rounds).isSorted().doesNotHaveDuplicates().endsWith(8);
    List<Integer> previews =
        events.stream()
            .filter(StreamDetokenizeResponse::hasPreview)
            .map(e -> e.getPreview().getRoundsDone())
            .toList();
    // One that is due may have to wait for a boundary with time to spare.
    assertThat(previews)
        .isSorted()
        .doesNotHaveDuplicates()
        .hasSizeBetween(1, 3)
        .allSatisfy(round -> assertThat(round).isBetween(2, 7));
    events.stream()
        .filter(StreamDetokenizeResponse::hasPreview)
        .forEach(
            e -> assertThat(e.getPreview().getOutput().getData().size()).isEqualTo(3 * 64 * 64));
    stream.complete();
  }

  @Test
  void stream_severalPicturesInterleaveAndOneFailureStaysItsOwn() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("good", seeded(14));
    stream.begin("bad", seeded(15));
    stream.tokens("bad", List.of(1, 2, 64));
    stream.tokens("bad", List.of(3)); // crossed the error: swallowed
    stream.tokens("good", Requests.ids(14));
    List<StreamDetokenizeResponse> events = stream.untilLast("good");
    StreamDetokenizeResponse error =
        events.stream().filter(StreamDetokenizeResponse::hasError).findFirst().orElseThrow();
    assertThat(error.getImageId()).isEqualTo("bad");
    assertThat(error.getError().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT.value());
    assertThat(Requests.violatedFields(error.getError())).containsExactly("tokens.ids[2]");
    assertThat(events.stream().filter(StreamDetokenizeResponse::hasError)).hasSize(1);
    assertThat(events.get(events.size() - 1).getImage().getOutput().getData()).isEqualTo(unary(14));
    stream.begin("bad", seeded(16)); // the name is free again
    stream.tokens("bad", Requests.ids(16));
    assertThat(stream.last("bad").hasImage()).isTrue();
    stream.complete();
  }

  @Test
  void stream_endsEarly() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", seeded(1));
    stream.tokens("a", List.of(1, 2, 3));
    stream.end("a");
    assertThat(Requests.violatedFields(stream.last("a").getError())).containsExactly("tokens.ids");
    stream.begin("b", seeded(1));
    stream.tokens("b", List.of(1, 2, 3));
    stream.complete();
    assertThat(Requests.violatedFields(stream.last("b").getError())).containsExactly("tokens.ids");
  }

  @Test
  void stream_continuesAfterTheEnd() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", seeded(1));
    List<Integer> tooMany = new ArrayList<>(Requests.ids(1));
    tooMany.add(5);
    stream.tokens("a", tooMany);
    assertThat(Requests.violatedFields(stream.last("a").getError()))
        .containsExactly("tokens.ids[16]");
    stream.begin("b", seeded(1).setEndOfImageId(99));
    stream.tokens("b", List.of(1, 99, 2));
    assertThat(Requests.violatedFields(stream.last("b").getError()))
        .containsExactly("tokens.ids[2]");
    stream.complete();
  }

  @Test
  void stream_eventsOutOfOrderAreRefused() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.tokens("x", List.of(1));
    assertThat(Requests.violatedFields(stream.last("x").getError())).containsExactly("image_id");
    stream.send(StreamDetokenizeRequest.newBuilder().setImageId("y").build());
    assertThat(Requests.violatedFields(stream.last("y").getError())).containsExactly("event");
    stream.begin("z", seeded(1));
    assertThat(stream.next().hasAccepted()).isTrue();
    stream.begin("z", seeded(1));
    assertThat(Requests.violatedFields(stream.last("z").getError())).containsExactly("image_id");
    stream.begin("w", seeded(1).setPreviewFormat(OutputFormat.OUTPUT_FORMAT_LATENTS));
    assertThat(Requests.violatedFields(stream.last("w").getError()))
        .containsExactly("preview_format");
    stream.begin("v", seeded(1).setEndOfImageId(3));
    assertThat(Requests.violatedFields(stream.last("v").getError()))
        .containsExactly("end_of_image_id");
    stream.complete();
  }

  @Test
  void stream_hasAQuotaAndPlacesAreGivenBack() throws Exception {
    StreamClient stream = new StreamClient(server);
    for (int i = 0; i < RunningServer.MAX_PICTURES_PER_STREAM; i++) {
      stream.begin("p" + i, seeded(i));
      assertThat(stream.next().hasAccepted()).isTrue();
    }
    stream.begin("over", seeded(1));
    assertThat(stream.last("over").getError().getCode())
        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED.value());
    stream.cancel("p0");
    assertThat(stream.last("p0").getError().getCode()).isEqualTo(Status.Code.CANCELLED.value());
    stream.begin("next", seeded(1));
    assertThat(stream.next().hasAccepted()).isTrue();
    stream.abort();
    Gauges.awaitZero(server);
  }
}
