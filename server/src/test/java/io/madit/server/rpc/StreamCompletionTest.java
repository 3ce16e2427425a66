package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.ImagePhase;
import io.madit.v1.ImageResult;
import io.madit.v1.OutputFormat;
import io.madit.v1.RunReport;
import io.madit.v1.StreamDetokenizeResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streamed pictures of which only the first ids come; a MaskGIL draws the others. */
@Timeout(120)
class StreamCompletionTest {
  private static final int END_OF_IMAGE = 99;
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", "pico-maskgil", "pico-velocity");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** How a client says that no more ids come. */
  enum End {
    END_IMAGE,
    END_OF_IMAGE_ID,
    HALF_CLOSE
  }

  private static BeginImage.Builder begin(long seed) {
    BeginImage.Builder begin = BeginImage.newBuilder().setEndOfImageId(END_OF_IMAGE);
    begin.getSamplingBuilder().setSeed(seed);
    begin.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    begin.getCompletionBuilder().setModel("pico-maskgil").getConditioningBuilder().setClassLabel(1);
    return begin;
  }

  private static ByteString unary(long seed, int known) {
    DetokenizeRequest.Builder request = Requests.picture(seed);
    request
        .getVisualBuilder()
        .getTokenIdsBuilder()
        .clear()
        .addAllIds(Requests.ids(seed).subList(0, known));
    request.setOutput(begin(seed).getOutput()).setCompletion(begin(seed).getCompletion());
    return server.blocking().detokenize(request.build()).getOutput().getData();
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void ending_drawsThePictureOfACompletion(End end) throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin(5));
    List<Integer> ids = new ArrayList<>(Requests.ids(5).subList(0, 4));
    if (end == End.END_OF_IMAGE_ID) {
      ids.add(END_OF_IMAGE);
    }
    stream.tokens("a", ids);
    if (end == End.END_IMAGE) {
      stream.end("a");
    }
    if (end == End.HALF_CLOSE) {
      stream.complete();
    }
    ImageResult result = stream.last("a").getImage();
    assertThat(result.getOutput().getData()).isEqualTo(unary(5, 4));
    RunReport completion = result.getReport().getChained(0);
    assertThat(completion.getModel()).isEqualTo("pico-maskgil");
    assertThat(completion.getCompletedTokens()).isEqualTo(12);
    assertThat(completion.getSeed()).isEqualTo(5);
    Gauges.awaitZero(server);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 15, 16})
  void anyNumberOfIds_isEnough(int known) throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin(6));
    if (known > 0) {
      stream.tokens("a", Requests.ids(6).subList(0, known));
    }
    stream.end("a");
    ImageResult result = stream.last("a").getImage();
    assertThat(result.getOutput().getData()).isEqualTo(unary(6, known));
    assertThat(result.getReport().getChained(0).getCompletedTokens()).isEqualTo(16 - known);
  }

  @Test
  void progress_tellsThatIdsAreCompletedBeforeTheRounds() throws Exception {
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin(7).setProgress(true));
    stream.tokens("a", Requests.ids(7).subList(0, 4));
    stream.end("a");
    List<ImagePhase> phases =
        stream.untilLast("a").stream()
            .filter(StreamDetokenizeResponse::hasProgress)
            .map(event -> event.getProgress().getPhase())
            .distinct()
            .toList();
    assertThat(phases)
        .containsExactly(ImagePhase.IMAGE_PHASE_COMPLETING, ImagePhase.IMAGE_PHASE_ROUNDS);
  }

  @Test
  void cancelled_leavesNothing() throws Exception {
    StreamClient stream = new StreamClient(server);
    for (int i = 0; i < 8; i++) {
      String image = "picture " + i;
      stream.begin(image, begin(i));
      stream.tokens(image, Requests.ids(i).subList(0, 4));
      if (i % 2 == 1) { // the others have not begun their completion
        stream.end(image);
      }
      stream.cancel(image);
    }
    stream.lasts(8);
    stream.complete();
    Gauges.awaitZero(server);
  }

  private static Arguments bad(String field, Consumer<BeginImage.Builder> change) {
    return Arguments.of(field, change);
  }

  static List<Arguments> malformed() {
    return List.of(
        bad("completion.model", b -> b.getCompletionBuilder().setModel("pico-velocity")),
        bad(
            "completion.sampling.rounds",
            b -> b.getCompletionBuilder().getSamplingBuilder().setRounds(0)),
        bad(
            "completion.conditioning.class_label",
            b -> b.getCompletionBuilder().getConditioningBuilder().setClassLabel(5)),
        bad(
            "completion.sampling.user_plan",
            b -> b.getCompletionBuilder().getSamplingBuilder().getUserPlanBuilder().addCounts(16)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void whatDoesNotFit_isNamed(String field, Consumer<BeginImage.Builder> change) throws Exception {
    BeginImage.Builder begin = begin(8);
    change.accept(begin);
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin);
    StreamDetokenizeResponse last = stream.last("a");
    assertThat(last.getError().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT.value());
    assertThat(Requests.violatedFields(last.getError())).containsExactly(field);
    Gauges.awaitZero(server);
  }

  @Test
  void unknownCompletion_isNotFound() throws Exception {
    BeginImage.Builder begin = begin(9);
    begin.getCompletionBuilder().setModel("nobody");
    StreamClient stream = new StreamClient(server);
    stream.begin("a", begin);
    assertThat(stream.last("a").getError().getCode()).isEqualTo(Status.Code.NOT_FOUND.value());
  }
}
