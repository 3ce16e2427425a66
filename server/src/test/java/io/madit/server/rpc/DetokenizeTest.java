package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.RunningServer;
import io.madit.v1.DataType;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.FrequencySteps;
import io.madit.v1.GetModelRequest;
import io.madit.v1.GtrOptions;
import io.madit.v1.GuidanceSchedule;
import io.madit.v1.ListModelsRequest;
import io.madit.v1.Model;
import io.madit.v1.OutputFormat;
import io.madit.v1.Precision;
import io.madit.v1.RevealOrder;
import io.madit.v1.RevealSchedule;
import io.madit.v1.SamplingOptions;
import io.madit.v1.Tensor;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DetokenizeTest {
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", "pico-velocity");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static DetokenizeResponse draw(DetokenizeRequest.Builder request) {
    return server.blocking().detokenize(request.build());
  }

  @Test
  void detokenize_drawsAPng() throws Exception {
    DetokenizeResponse response = draw(Requests.picture(1));
    var image =
        ImageIO.read(new ByteArrayInputStream(response.getOutput().getData().toByteArray()));
    Model model = server.blocking().getModel(GetModelRequest.getDefaultInstance()).getModel();
    assertThat(image.getWidth()).isEqualTo(model.getImageWidth());
    assertThat(response.getOutput().getMediaType()).isEqualTo("image/png");
    assertThat(response.getReport().getSeed()).isEqualTo(1);
    assertThat(response.getReport().getPrecision()).isEqualTo(Precision.PRECISION_FLOAT32);
    assertThat(response.getReport().getRounds()).isEqualTo(8);
    assertThat(response.getReport().getTimings().hasTotal()).isTrue();
  }

  @Test
  void detokenize_isTheSameForTheSameSeedAndDiffersOtherwise() {
    ByteString first = draw(Requests.picture(2)).getOutput().getData();
    assertThat(draw(Requests.picture(2)).getOutput().getData()).isEqualTo(first);
    DetokenizeRequest.Builder reseeded = Requests.picture(2);
    reseeded.getSamplingBuilder().setSeed(99);
    assertThat(draw(reseeded).getOutput().getData()).isNotEqualTo(first);
  }

  @Test
  void detokenize_returnsTheSeedItChose() {
    DetokenizeRequest.Builder request = Requests.picture(3).clearSampling();
    DetokenizeResponse response = draw(request);
    request.getSamplingBuilder().setSeed(response.getReport().getSeed());
    assertThat(draw(request).getOutput().getData()).isEqualTo(response.getOutput().getData());
  }

  @Test
  void detokenize_writesEveryFormatOfTheSamePicture() throws Exception {
    DetokenizeRequest.Builder request = Requests.picture(4);
    request
        .getOutputBuilder()
        .setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB)
        .setWebpLossless(true)
        .addExtraFormats(OutputFormat.OUTPUT_FORMAT_PNG)
        .addExtraFormats(OutputFormat.OUTPUT_FORMAT_WEBP)
        .addExtraFormats(OutputFormat.OUTPUT_FORMAT_JPEG)
        .addExtraFormats(OutputFormat.OUTPUT_FORMAT_LATENTS);
    DetokenizeResponse response = draw(request);
    byte[] raw = response.getOutput().getData().toByteArray();
    for (int i = 0; i < 2; i++) {
      var image =
          ImageIO.read(
              new ByteArrayInputStream(response.getExtraOutputs(i).getData().toByteArray()));
      int pixel = image.getRGB(5, 3);
      int at = 3 * (3 * image.getWidth() + 5);
      assertThat(new byte[] {(byte) (pixel >> 16), (byte) (pixel >> 8), (byte) pixel})
          .isEqualTo(Arrays.copyOfRange(raw, at, at + 3));
    }
    assertThat(response.getExtraOutputs(2).getMediaType()).isEqualTo("image/jpeg");
    Tensor latents = response.getExtraOutputs(3).getTensor();
    DetokenizeRequest.Builder again =
        DetokenizeRequest.newBuilder().setVisual(VisualTokens.newBuilder().setLatents(latents));
    again.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    assertThat(draw(again).getOutput().getData().toByteArray()).isEqualTo(raw);
  }

  @Test
  void detokenize_subtractsTheVocabularyOffset() {
    DetokenizeRequest.Builder shifted = Requests.picture(5);
    TokenIds.Builder ids = shifted.getVisualBuilder().getTokenIdsBuilder().clearIds();
    Requests.ids(5).forEach(id -> ids.addIds(id + 150_000));
    ids.setVocabularyOffset(150_000);
    assertThat(draw(shifted).getOutput().getData())
        .isEqualTo(draw(Requests.picture(5)).getOutput().getData());
  }

  @Test
  void detokenize_textChangesThePictureInEveryForm() {
    ByteString plain = draw(Requests.picture(6)).getOutput().getData();
    DetokenizeRequest.Builder withIds = Requests.picture(6);
    withIds.getConditioningBuilder().getTextTokenIdsBuilder().addIds(3).addIds(7);
    assertThat(draw(withIds).getOutput().getData()).isNotEqualTo(plain);
    DetokenizeRequest.Builder withEmbeddings = Requests.picture(6);
    withEmbeddings
        .getConditioningBuilder()
        .getTextEmbeddingsBuilder()
        .setEmbeddings(floats(new float[2 * 16], 2, 16));
    assertThat(draw(withEmbeddings).getOutput().getData()).isNotEqualTo(plain);
  }

  @Test
  void detokenize_reportsThePlanItRan() {
    DetokenizeRequest.Builder request = Requests.picture(7);
    request
        .getSamplingBuilder()
        .setRounds(4)
        .setGuidanceScale(3)
        .setGuidanceSchedule(GuidanceSchedule.GUIDANCE_SCHEDULE_LINEAR)
        .setRevealOrder(RevealOrder.REVEAL_ORDER_RASTER)
        .setRevealSchedule(RevealSchedule.REVEAL_SCHEDULE_LINEAR);
    request.getOutputBuilder().setIncludePlan(true);
    var plan = draw(request).getReport().getPlan();
    assertThat(plan.getCountsList()).containsExactly(4, 4, 4, 4);
    assertThat(plan.getOrderList()).isSorted().hasSize(16);
    assertThat(plan.getGuidanceScalesList()).containsExactly(1.5, 2.0, 2.5, 2.875);
  }

  @Test
  void detokenize_reportsStagesAndBoosts() {
    DetokenizeRequest.Builder request = Requests.picture(7);
    request
        .getSamplingBuilder()
        .setRounds(5)
        .setRevealOrder(RevealOrder.REVEAL_ORDER_GTR)
        .setGtr(GtrOptions.newBuilder().setStages(1).setFirstFlowSteps(6).setLastFlowSteps(2))
        .setFrequencySteps(FrequencySteps.newBuilder().setFraction(0.5).setBoostedFlowSteps(9));
    request.getOutputBuilder().setIncludePlan(true);
    var report = draw(request).getReport();
    var plan = report.getPlan();
    assertThat(plan.getOrderList().subList(8, 16))
        .containsExactlyInAnyOrder(1, 3, 4, 6, 9, 11, 12, 14);
    assertThat(plan.getCountsList()).containsExactly(4, 2, 2, 4, 4);
    assertThat(plan.getFlowStepsList()).containsExactly(6, 4, 2, 3, 3);
    assertThat(plan.getBoostedCountsList()).containsExactly(0, 0, 0, 2, 2);
    assertThat(plan.getBoostedFlowStepsList()).containsExactly(6, 4, 2, 9, 9);
    assertThat(report.getSampling().getGtr().getReconstructionRounds()).isEqualTo(2);
    assertThat(draw(request.setSampling(report.getSampling())).getReport().getPlan())
        .isEqualTo(plan);
  }

  @Test
  void detokenize_servesSeveralModels() {
    var models = server.blocking().listModels(ListModelsRequest.getDefaultInstance());
    assertThat(models.getModelsCount()).isEqualTo(2);
    assertThat(models.getDefaultModel()).isEqualTo(models.getModels(0).getName());
    Model other =
        server
            .blocking()
            .getModel(GetModelRequest.newBuilder().setModel(models.getModels(1).getName()).build())
            .getModel();
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder().setModel(other.getName() + "@" + other.getVersion());
    for (int i = 0; i < other.getDefaultTokenCount(); i++) {
      request.getVisualBuilder().getTokenIdsBuilder().addIds(i % other.getCodebookSize());
    }
    assertThat(draw(request).getReport().getModel()).isEqualTo(other.getName());
  }

  private static Tensor floats(float[] values, int... shape) {
    return Tensors.float32(values, shape);
  }

  private static SamplingOptions.Builder gtr(DetokenizeRequest.Builder request) {
    return request.getSamplingBuilder().setRevealOrder(RevealOrder.REVEAL_ORDER_GTR);
  }

  private static FrequencySteps.Builder boosts(DetokenizeRequest.Builder request) {
    return request.getSamplingBuilder().getFrequencyStepsBuilder();
  }

  private static Arguments bad(String field, Consumer<DetokenizeRequest.Builder> change) {
    return Arguments.of(field, change);
  }

  static Stream<Arguments> malformed() {
    Tensor nan = floats(new float[] {Float.NaN}, 1);
    return Stream.of(
        bad("visual", r -> r.clearVisual()),
        bad("visual.token_ids.ids.length", r -> ids(r).clearIds()),
        bad("visual.token_ids.ids.length", r -> ids(r).addIds(1)),
        bad("visual.token_ids.ids[2]", r -> ids(r).setIds(2, 64)),
        bad("visual.token_ids.ids[15]", r -> ids(r).setIds(15, -1)),
        bad("visual.token_ids.ids[0]", r -> ids(r).setVocabularyOffset(100)),
        bad("visual.token_ids.token_count", r -> ids(r).setTokenCount(17)),
        bad("visual.token_ids.positions", r -> ids(r).addPositions(0)),
        bad("visual.continuous_tokens.shape", r -> r.getVisualBuilder().setContinuousTokens(nan)),
        bad("visual.latents.shape", r -> r.getVisualBuilder().setLatents(nan)),
        bad(
            "visual.continuous_tokens.data",
            r -> r.getVisualBuilder().setContinuousTokens(nan(16, 8))),
        bad(
            "visual.continuous_tokens.dtype",
            r ->
                r.getVisualBuilder()
                    .setContinuousTokens(
                        floats(new float[128], 16, 8).toBuilder()
                            .setDtype(DataType.DATA_TYPE_INT64))),
        bad("sampling.rounds", r -> r.getSamplingBuilder().setRounds(0)),
        bad("sampling.rounds", r -> r.getSamplingBuilder().setRounds(1_000_000)),
        bad("sampling.flow_steps", r -> r.getSamplingBuilder().setFlowSteps(0)),
        bad("sampling.guidance_scale", r -> r.getSamplingBuilder().setGuidanceScale(Double.NaN)),
        bad("sampling.guidance_scale", r -> r.getSamplingBuilder().setGuidanceScale(-1)),
        bad(
            "sampling.guidance_scale",
            r -> r.getSamplingBuilder().setGuidanceScale(Double.POSITIVE_INFINITY)),
        bad("sampling.temperature", r -> r.getSamplingBuilder().setTemperature(0)),
        bad("sampling.noise_scale", r -> r.getSamplingBuilder().setNoiseScale(-0.1)),
        bad("sampling.preset", r -> r.getSamplingBuilder().setPreset("no such preset")),
        bad(
            "sampling.reveal_order",
            r -> r.getSamplingBuilder().setRevealOrder(RevealOrder.REVEAL_ORDER_CONFIDENCE)),
        bad("sampling.reveal_order", r -> r.getSamplingBuilder().setRevealOrderValue(77)),
        bad("sampling.gtr", r -> r.getSamplingBuilder().getGtrBuilder().setStages(1)),
        bad("sampling.gtr", r -> gtr(r).getGtrBuilder().setStages(3)),
        bad("sampling.gtr", r -> gtr(r).setRounds(4).getGtrBuilder().setReconstructionRounds(4)),
        bad("sampling.gtr.first_flow_steps", r -> gtr(r).getGtrBuilder().setFirstFlowSteps(1000)),
        bad("sampling.rounds", r -> gtr(r).setRounds(1)),
        bad("sampling.user_plan.counts", r -> gtr(r).getUserPlanBuilder().addCounts(16)),
        bad("sampling.frequency_steps.fraction", r -> boosts(r).setFraction(1.5)),
        bad("sampling.frequency_steps.fraction", r -> boosts(r).setBoostedFlowSteps(9)),
        bad("sampling.frequency_steps.boosted_flow_steps", r -> boosts(r).setFraction(0.5)),
        bad(
            "sampling.frequency_steps.boosted_flow_steps",
            r -> boosts(r).setFraction(0.5).setBoostedFlowSteps(1)),
        bad("sampling.reveal_schedule", r -> r.getSamplingBuilder().setRevealScheduleValue(77)),
        bad(
            "sampling.user_plan.order.length",
            r -> r.getSamplingBuilder().setRevealOrder(RevealOrder.REVEAL_ORDER_USER)),
        bad(
            "sampling.user_plan.counts.sum",
            r -> r.getSamplingBuilder().getUserPlanBuilder().addCounts(15)),
        bad(
            "sampling.user_plan.flow_steps.length",
            r -> r.getSamplingBuilder().getUserPlanBuilder().addFlowSteps(3)),
        bad("output.format", r -> r.getOutputBuilder().setFormatValue(99)),
        bad(
            "output.format",
            r -> r.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_TOKENS)),
        bad("output.jpeg_quality", r -> r.getOutputBuilder().setJpegQuality(101)),
        bad("output.png_compression_level", r -> r.getOutputBuilder().setPngCompressionLevel(10)),
        bad("conditioning.class_label", r -> r.getConditioningBuilder().setClassLabel(1)),
        bad("conditioning.aesthetic_score", r -> r.getConditioningBuilder().setAestheticScore(5)),
        bad("conditioning.text", r -> r.getConditioningBuilder().setText("x".repeat(5000))),
        bad(
            "conditioning.text_token_ids.ids[0]",
            r -> r.getConditioningBuilder().getTextTokenIdsBuilder().addIds(128)),
        bad(
            "conditioning.text_token_ids.ids.length",
            r ->
                r.getConditioningBuilder()
                    .getTextTokenIdsBuilder()
                    .addAllIds(java.util.Collections.nCopies(9, 1))),
        bad(
            "conditioning.text_embeddings.embeddings.shape",
            r ->
                r.getConditioningBuilder()
                    .getTextEmbeddingsBuilder()
                    .setEmbeddings(floats(new float[15], 1, 15))),
        bad("completion.model", r -> r.getCompletionBuilder().setModel("pico-velocity")),
        bad("options.priority", r -> r.getOptionsBuilder().setPriorityValue(9)),
        bad(
            "options.client_request_id.length",
            r -> r.getOptionsBuilder().setClientRequestId("x".repeat(129))));
  }

  private static Tensor nan(int rows, int columns) {
    ByteBuffer data = ByteBuffer.allocate(4 * rows * columns).order(ByteOrder.LITTLE_ENDIAN);
    data.putFloat(4 * 5, Float.NaN);
    return floats(new float[rows * columns], rows, columns).toBuilder()
        .setData(ByteString.copyFrom(data))
        .build();
  }

  private static TokenIds.Builder ids(DetokenizeRequest.Builder request) {
    return request.getVisualBuilder().getTokenIdsBuilder();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void detokenize_namesTheFieldThatDoesNotFit(
      String field, Consumer<DetokenizeRequest.Builder> change) {
    DetokenizeRequest.Builder request = Requests.picture(8);
    change.accept(request);
    StatusRuntimeException e =
        catchThrowableOfType(StatusRuntimeException.class, () -> draw(request));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(Requests.violatedFields(e)).contains(field);
    assertThat(e.getStatus().getDescription()).contains(Requests.violatedFields(e).get(0));
  }

  @Test
  void detokenize_unknownModelIsNotFound() {
    DetokenizeRequest.Builder request = Requests.picture(9).setModel("nothing");
    StatusRuntimeException e =
        catchThrowableOfType(StatusRuntimeException.class, () -> draw(request));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(Requests.violatedFields(e)).containsExactly("model");
  }

  @Test
  void detokenize_anExpiredDeadlineIsDeadlineExceeded() {
    var stub = server.blocking().withDeadlineAfter(1, java.util.concurrent.TimeUnit.NANOSECONDS);
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> stub.detokenize(Requests.picture(1).build()));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
  }
}
