package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.Safetensors;
import io.madit.v1.Capability;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.ConditioningKind;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GenerateResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.Model;
import io.madit.v1.ModelFamily;
import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import io.madit.v1.RunReport;
import io.madit.v1.Tensor;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Text to tokens, and on to a picture. Golden tokens: the scripts alone, in Python. */
class MaskGenTest {
  private static final float TOLERANCE = 1e-4f;
  private static final String VQ = "pico-maskgen-vq";
  private static final String KL = "pico-maskgen-kl";
  private static final String CLIP = "pico-ta-titok-clip";
  private static final String[] CAPTIONS = {"a red cat", "a cat"};
  private static final long[] SEEDS = {5, -7};
  private static final int SLOTS = 8;
  private static final int WIDTH = 32;
  private static RunningServer server;
  private static Safetensors golden;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", VQ, KL, "pico-ta-titok", CLIP);
    golden = new Safetensors(Resources.path("golden/maskgen.safetensors"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static GenerateRequest.Builder caption(int index) {
    GenerateRequest.Builder request = GenerateRequest.newBuilder().setModel(VQ);
    request.getConditioningBuilder().setText(CAPTIONS[index]);
    score(request, index);
    request.getSamplingBuilder().setSeed(SEEDS[index]);
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_TOKENS);
    return request;
  }

  @Test
  void moreRoundsThanTokens_drawAllTokens() {
    GenerateRequest.Builder request = caption(0);
    request.getSamplingBuilder().setRounds(40);
    assertThat(server.blocking().generate(request.build()).getOutput().getTokenIds().getIdsList())
        .hasSize(16)
        .allMatch(id -> id >= 0 && id < 128);
  }

  private static GenerateRequest.Builder features(int index) {
    GenerateRequest.Builder request = GenerateRequest.newBuilder().setModel(KL);
    request
        .getConditioningBuilder()
        .getTextEmbeddingsBuilder()
        .setEmbeddings(tensor("text", index, SLOTS, WIDTH))
        .setPooled(tensor("pooled", index, WIDTH))
        .setNullEmbeddings(tensor("null_text", index, SLOTS, WIDTH))
        .setNullPooled(tensor("null_pooled", index, WIDTH));
    score(request, index);
    request.getSamplingBuilder().setSeed(SEEDS[index]);
    return request;
  }

  /** The first one has the manifest's. */
  private static void score(GenerateRequest.Builder request, int index) {
    if (index > 0) {
      request.getConditioningBuilder().setAestheticScore(3);
    }
  }

  private static Tensor tensor(String name, int index, int... shape) {
    return Tensors.float32(golden.floats("kl." + index + "." + name), shape);
  }

  private static Integer[] ids(int index) {
    float[] ids = golden.floats("vq." + index + ".ids");
    return IntStream.range(0, ids.length).mapToObj(i -> (int) ids[i]).toArray(Integer[]::new);
  }

  private static Output draw(GenerateRequest.Builder request) {
    return server.blocking().generate(request.build()).getOutput();
  }

  private static float[] floats(Output output) {
    float[] values = new float[output.getTensor().getData().size() / Float.BYTES];
    output
        .getTensor()
        .getData()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static Model model(String name) {
    return server
        .blocking()
        .getModel(GetModelRequest.newBuilder().setModel(name).build())
        .getModel();
  }

  private static List<String> violated(Callable<?> call) {
    return Requests.violatedFields(catchThrowableOfType(StatusRuntimeException.class, call::call));
  }

  @Test
  void vq_drawsTheIdsThatTheScriptDrawsAlone() {
    for (int index = 0; index < SEEDS.length; index++) {
      assertThat(draw(caption(index)).getTokenIds().getIdsList()).containsExactly(ids(index));
    }
  }

  @Test
  void kl_drawsTheTokensThatTheScriptDrawsAlone() {
    for (int index = 0; index < SEEDS.length; index++) {
      Output output = draw(features(index)); // no decoder is served: tokens
      assertThat(output.getFormat()).isEqualTo(OutputFormat.OUTPUT_FORMAT_TOKENS);
      assertThat(output.getTensor().getShapeList()).containsExactly(16, 4);
      assertThat(floats(output))
          .containsExactly(golden.floats("kl." + index + ".tokens"), within(TOLERANCE));
    }
  }

  @Test
  void textToPicture_isOneRequest() {
    GenerateRequest.Builder request = caption(0).clearOutput().setVocabularyOffset(1000);
    request.getOutputBuilder().addExtraFormats(OutputFormat.OUTPUT_FORMAT_TOKENS);
    GenerateResponse response = server.blocking().generate(request.build());
    DetokenizeRequest.Builder second = DetokenizeRequest.newBuilder().setModel("pico-ta-titok");
    second.getVisualBuilder().getTokenIdsBuilder().addAllIds(Arrays.asList(ids(0)));
    assertThat(response.getOutput().getFormat()).isEqualTo(OutputFormat.OUTPUT_FORMAT_PNG);
    assertThat(response.getOutput().getData())
        .isEqualTo(server.blocking().detokenize(second.build()).getOutput().getData());
    assertThat(response.getExtraOutputs(0).getTokenIds().getIdsList())
        .containsExactly(Arrays.stream(ids(0)).map(id -> id + 1000).toArray(Integer[]::new));
    RunReport report = response.getReport();
    assertThat(report.getModel()).isEqualTo(VQ);
    assertThat(report.getRounds()).isEqualTo(4);
    assertThat(report.getChainedList())
        .singleElement()
        .extracting(RunReport::getModel)
        .isEqualTo("pico-ta-titok");
  }

  @Test
  void clipInTheBundle_readsTheTextOfATaTitok() {
    DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder().setModel(CLIP);
    IntStream.range(0, 16).forEach(request.getVisualBuilder().getTokenIdsBuilder()::addIds);
    request.getConditioningBuilder().setText(CAPTIONS[0]);
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
    Output output = server.blocking().detokenize(request.build()).getOutput();
    assertThat(floats(output)).containsExactly(golden.floats("titok.latents"), within(TOLERANCE));
  }

  @Test
  void textToPicture_theDecoderReadsTheSameText() {
    GenerateRequest.Builder request = caption(0).clearOutput();
    request.getDecoderBuilder().setModel(CLIP);
    DetokenizeRequest.Builder second = DetokenizeRequest.newBuilder().setModel(CLIP);
    second.getVisualBuilder().getTokenIdsBuilder().addAllIds(Arrays.asList(ids(0)));
    second.getConditioningBuilder().setText(CAPTIONS[0]);
    assertThat(draw(request).getData())
        .isEqualTo(server.blocking().detokenize(second.build()).getOutput().getData());
  }

  @Test
  void models_sayWhatTheyTakeAndGive() {
    Model vq = model(VQ);
    assertThat(vq.getFamily()).isEqualTo(ModelFamily.MODEL_FAMILY_MASKGEN_VQ);
    assertThat(vq.getCapabilitiesList()).containsExactly(Capability.CAPABILITY_GENERATE);
    assertThat(vq.getDefaultDecoder()).isEqualTo("pico-ta-titok@1");
    assertThat(vq.getConditioningList())
        .contains(ConditioningKind.CONDITIONING_KIND_AESTHETIC_SCORE);
    assertThat(vq.getDefaultAestheticScore()).isEqualTo(6.5);
    assertThat(vq.getText().getPooledDim()).isEqualTo(WIDTH);
    assertThat(vq.hasNeutralGuidanceScale()).isFalse();
    assertThat(vq.getSolver()).isEmpty();
    Model kl = model(KL);
    assertThat(kl.getFamily()).isEqualTo(ModelFamily.MODEL_FAMILY_MASKGEN_KL);
    assertThat(kl.getSolver()).isEqualTo("ddpm");
    assertThat(kl.getText().getAcceptsText()).isFalse();
    assertThat(kl.getDefaultDecoder()).isEmpty();
    assertThat(kl.getOutputFormatsList()).containsExactly(OutputFormat.OUTPUT_FORMAT_TOKENS);
  }

  @Test
  void whatDoesNotFit_isNamed() {
    var stub = server.blocking();
    GenerateRequest.Builder silent = features(0);
    silent.clearConditioning();
    assertThat(violated(() -> stub.generate(silent.build())))
        .containsExactly("conditioning.text_embeddings");
    GenerateRequest.Builder noPooled = features(0);
    noPooled.getConditioningBuilder().getTextEmbeddingsBuilder().clearPooled();
    assertThat(violated(() -> stub.generate(noPooled.build())))
        .containsExactly("conditioning.text_embeddings.pooled.shape");
    GenerateRequest.Builder adored = caption(0);
    adored.getConditioningBuilder().setAestheticScore(11);
    assertThat(violated(() -> stub.generate(adored.build())))
        .containsExactly("conditioning.aesthetic_score");
    GenerateRequest.Builder png = features(0);
    png.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_PNG);
    assertThat(violated(() -> stub.generate(png.build()))).containsExactly("decoder.model");
    GenerateRequest.Builder foreign = caption(0);
    foreign.getDecoderBuilder().setModel("pico-buffer");
    assertThat(violated(() -> stub.generate(foreign.build()))).containsExactly("decoder.model");
    GenerateRequest.Builder warm = caption(0).clearOutput();
    warm.getDecoderBuilder().getSamplingBuilder().setTemperature(2);
    assertThat(violated(() -> stub.generate(warm.build()))).containsExactly("decoder.sampling");
  }

  @Test
  void callsThatItCannotAnswer_areUnimplemented() {
    var stub = server.blocking();
    for (Callable<?> call :
        List.<Callable<?>>of(
            () -> stub.detokenize(DetokenizeRequest.newBuilder().setModel(VQ).build()),
            () -> stub.completeTokens(CompleteTokensRequest.newBuilder().setModel(VQ).build()))) {
      assertThat(catchThrowableOfType(StatusRuntimeException.class, call::call).getStatus())
          .extracting(Status::getCode)
          .isEqualTo(Status.Code.UNIMPLEMENTED);
    }
  }
}
