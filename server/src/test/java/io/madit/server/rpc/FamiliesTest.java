package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.Safetensors;
import io.madit.v1.Capability;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GetModelRequest;
import io.madit.v1.ImageInput;
import io.madit.v1.Model;
import io.madit.v1.ModelFamily;
import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import io.madit.v1.RevealOrder;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.VisualTokens;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of several families in one server. Golden latents: the scripts alone, in Python. */
class FamiliesTest {
  private static final float TOLERANCE = 1e-4f;
  private static final long[] SEEDS = {5, -7};
  private static RunningServer server;
  private static Safetensors golden;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", "pico-mar", "pico-v2flow", "pico-ta-titok");
    golden = new Safetensors(Resources.path("golden/families.safetensors"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static int[] ids(String family, int index) {
    float[] ids = golden.floats(family + "." + index + ".ids");
    return IntStream.range(0, ids.length).map(i -> (int) ids[i]).toArray();
  }

  /** Latents of golden request {@code index}. */
  private static float[] draw(String family, int index) {
    return draw(family, index, SamplingOptions.getDefaultInstance());
  }

  private static float[] draw(String family, int index, SamplingOptions sampling) {
    var seeded = sampling.toBuilder().setSeed(SEEDS[index]);
    Output output =
        family.equals("mar")
            ? server.blocking().generate(picture(index).setSampling(seeded).build()).getOutput()
            : server
                .blocking()
                .detokenize(picture(family, index).setSampling(seeded).build())
                .getOutput();
    assertThat(output.getFormat()).isEqualTo(OutputFormat.OUTPUT_FORMAT_LATENTS);
    return floats(output);
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

  private static DetokenizeRequest.Builder picture(String family, int index) {
    DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder().setModel("pico-" + family);
    for (int id : ids(family, index)) {
      request.getVisualBuilder().getTokenIdsBuilder().addIds(id);
    }
    request.getSamplingBuilder().setSeed(SEEDS[index]);
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
    return request;
  }

  private static GenerateRequest.Builder picture(int index) {
    GenerateRequest.Builder request = GenerateRequest.newBuilder().setModel("pico-mar");
    request.getConditioningBuilder().setClassLabel(ids("mar", index)[0]);
    request.getSamplingBuilder().setSeed(SEEDS[index]);
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
    return request;
  }

  private static Model model(String name) {
    return server
        .blocking()
        .getModel(GetModelRequest.newBuilder().setModel(name).build())
        .getModel();
  }

  private static Status.Code code(Callable<?> call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::call).getStatus().getCode();
  }

  @ParameterizedTest
  @ValueSource(strings = {"mar", "v2flow", "ta-titok"})
  void draw_givesWhatTheScriptGivesAlone(String family) {
    for (int index = 0; index < SEEDS.length; index++) {
      float[] expected = golden.floats(family + "." + index + ".latents");
      assertThat(draw(family, index)).containsExactly(expected, within(TOLERANCE));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mar", "v2flow"})
  void stagesAndBoosts_giveWhatTheScriptGivesAlone(String family) {
    SamplingOptions.Builder staged =
        SamplingOptions.newBuilder().setRevealOrder(RevealOrder.REVEAL_ORDER_GTR);
    staged
        .getGtrBuilder()
        .setStages(1)
        .setReconstructionRounds(1)
        .setFirstFlowSteps(60)
        .setLastFlowSteps(40)
        .setReconstructionFlowSteps(50);
    staged.getFrequencyStepsBuilder().setFraction(0.25).setBoostedFlowSteps(90);
    for (int index = 0; index < SEEDS.length; index++) {
      float[] expected = golden.floats(family + "." + index + ".staged");
      assertThat(draw(family, index, staged.build())).containsExactly(expected, within(TOLERANCE));
    }
  }

  @Test
  void mixedLoad_givesEachFamilyWhatItGivesAlone() throws Exception {
    List<String> families = List.of("mar", "v2flow", "ta-titok");
    ExecutorService clients = Executors.newFixedThreadPool(8);
    try {
      List<Future<float[]>> drawn = new ArrayList<>();
      List<float[]> expected = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        String family = families.get(i % families.size());
        int index = i % SEEDS.length;
        expected.add(golden.floats(family + "." + index + ".latents"));
        drawn.add(clients.submit(() -> draw(family, index)));
        int seed = i;
        clients.submit(() -> server.blocking().detokenize(Requests.picture(seed).build()));
      }
      for (int i = 0; i < drawn.size(); i++) {
        assertThat(drawn.get(i).get()).containsExactly(expected.get(i), within(TOLERANCE));
      }
    } finally {
      clients.shutdownNow();
    }
  }

  @Test
  void mar_drawsAPictureWithoutAClass() {
    Output output =
        server
            .blocking()
            .generate(GenerateRequest.newBuilder().setModel("pico-mar").build())
            .getOutput();
    assertThat(output.getFormat()).isEqualTo(OutputFormat.OUTPUT_FORMAT_PNG);
    assertThat(output.getWidth()).isEqualTo(16);
  }

  @Test
  void titok_tokenizesAndDrawsTheTokens() {
    Model model = model("pico-ta-titok");
    int side = model.getImageWidth();
    TokenizeRequest.Builder tokenize = TokenizeRequest.newBuilder().setModel("pico-ta-titok");
    tokenize
        .getImageBuilder()
        .getRawBuilder()
        .setWidth(side)
        .setHeight(side)
        .setRgb(ByteString.copyFrom(new byte[3 * side * side]));
    var visual = server.blocking().tokenize(tokenize.build()).getVisual();
    assertThat(visual.getTokenIds().getIdsCount()).isEqualTo(model.getDefaultTokenCount());
    DetokenizeResponse drawn =
        server
            .blocking()
            .detokenize(
                DetokenizeRequest.newBuilder().setModel("pico-ta-titok").setVisual(visual).build());
    assertThat(drawn.getOutput().getHeight()).isEqualTo(side);
    assertThat(drawn.getReport().getRounds()).isEqualTo(1);
  }

  /** Every colour value from 0 to 1 in 8-bit steps. */
  private static byte[] gradient(int side) {
    byte[] rgb = new byte[3 * side * side];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 7);
    }
    return rgb;
  }

  private static VisualTokens tokens(ImageInput.Builder image) {
    TokenizeRequest.Builder request = TokenizeRequest.newBuilder().setModel("pico-ta-titok");
    return server.blocking().tokenize(request.setImage(image).build()).getVisual();
  }

  @Test
  void titok_readsFloatPixelsAsItReadsBytes() {
    int side = model("pico-ta-titok").getImageWidth();
    byte[] rgb = gradient(side);
    float[] planes = new float[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      planes[i % 3 * side * side + i / 3] = (rgb[i] & 0xFF) / 255f;
    }
    ImageInput.Builder raw = ImageInput.newBuilder();
    raw.getRawBuilder().setWidth(side).setHeight(side).setRgb(ByteString.copyFrom(rgb));
    ImageInput.Builder pixels = ImageInput.newBuilder();
    assertThat(tokens(pixels.setPixels(Tensors.float32(planes, 3, side, side))))
        .isEqualTo(tokens(raw));
  }

  @Test
  void titok_givesUnclampedPixels() {
    DetokenizeRequest.Builder request = picture("ta-titok", 0);
    request
        .getOutputBuilder()
        .setFormat(OutputFormat.OUTPUT_FORMAT_PIXELS)
        .addExtraFormats(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    DetokenizeResponse drawn = server.blocking().detokenize(request.build());
    float[] pixels = floats(drawn.getOutput());
    byte[] rgb = drawn.getExtraOutputs(0).getData().toByteArray();
    int patches = rgb.length / 3;
    for (int i = 0; i < rgb.length; i++) {
      float level = 255 * Math.max(0, Math.min(1, pixels[i % 3 * patches + i / 3]));
      assertThat(rgb[i] & 0xFF).isEqualTo((int) Math.rint(level));
    }
  }

  @Test
  void v2flow_tokenizesLatents() {
    Model model = model("pico-v2flow");
    int[] shape = model.getLatentShapeList().stream().mapToInt(i -> i).toArray();
    float[] latents = golden.floats("v2flow.0.latents");
    TokenizeRequest.Builder request = TokenizeRequest.newBuilder().setModel("pico-v2flow");
    request.getImageBuilder().setLatents(Tensors.float32(latents, shape));
    assertThat(server.blocking().tokenize(request.build()).getVisual().getTokenIds().getIdsList())
        .hasSize(model.getDefaultTokenCount())
        .allMatch(id -> id >= 0 && id < model.getCodebookSize());
    request.getImageBuilder().setEncoded(ByteString.copyFromUtf8("a file"));
    assertThat(violated(() -> server.blocking().tokenize(request.build())))
        .containsExactly("image");
    request.getImageBuilder().setLatents(Tensors.float32(new float[4], 1, 2, 2));
    assertThat(violated(() -> server.blocking().tokenize(request.build())))
        .containsExactly("image.latents.shape");
  }

  @Test
  void models_sayWhatTheyCanDo() {
    Model mar = model("pico-mar");
    assertThat(mar.getFamily()).isEqualTo(ModelFamily.MODEL_FAMILY_MAR);
    assertThat(mar.getCapabilitiesList()).containsExactly(Capability.CAPABILITY_GENERATE);
    assertThat(mar.getClassCount()).isEqualTo(10);
    assertThat(mar.getSolver()).isEqualTo("ddpm");
    assertThat(mar.getTokenCountsList()).isEmpty();
    assertThat(mar.getRevealOrdersList())
        .contains(RevealOrder.REVEAL_ORDER_GTR)
        .doesNotContain(RevealOrder.REVEAL_ORDER_KL);
    Model v2flow = model("pico-v2flow");
    assertThat(v2flow.getCapabilitiesList())
        .containsExactly(Capability.CAPABILITY_DETOKENIZE, Capability.CAPABILITY_TOKENIZE);
    assertThat(v2flow.getOutputFormatsList()).containsExactly(OutputFormat.OUTPUT_FORMAT_LATENTS);
    Model titok = model("pico-ta-titok");
    assertThat(titok.getCapabilitiesList())
        .containsExactly(Capability.CAPABILITY_DETOKENIZE, Capability.CAPABILITY_TOKENIZE);
    assertThat(titok.getRevealOrdersList()).doesNotContain(RevealOrder.REVEAL_ORDER_GTR);
  }

  @Test
  void callsThatAModelCannotAnswer_areUnimplemented() {
    var stub = server.blocking();
    assertThat(code(() -> stub.detokenize(picture("v2flow", 0).setModel("pico-mar").build())))
        .isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(code(() -> stub.generate(picture(0).setModel("pico-v2flow").build())))
        .isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(code(() -> stub.tokenize(TokenizeRequest.newBuilder().setModel("pico-mar").build())))
        .isEqualTo(Status.Code.UNIMPLEMENTED);
  }

  @Test
  void optionsThatHaveNoEffect_areRefused() {
    GenerateRequest.Builder unknownClass = picture(0);
    unknownClass.getConditioningBuilder().setClassLabel(10);
    DetokenizeRequest.Builder klOrder = picture("v2flow", 0);
    klOrder.getSamplingBuilder().setRevealOrder(RevealOrder.REVEAL_ORDER_KL);
    DetokenizeRequest.Builder png = picture("v2flow", 0).clearOutput();
    DetokenizeRequest.Builder warm = picture("ta-titok", 0);
    warm.getSamplingBuilder().setTemperature(2);
    var stub = server.blocking();
    assertThat(violated(() -> stub.generate(unknownClass.build())))
        .containsExactly("conditioning.class_label");
    assertThat(violated(() -> stub.detokenize(klOrder.build())))
        .containsExactly("sampling.reveal_order");
    assertThat(violated(() -> stub.detokenize(png.build()))).containsExactly("output.format");
    assertThat(violated(() -> stub.detokenize(warm.build()))).containsExactly("sampling");
  }

  private static List<String> violated(Callable<?> call) {
    return Requests.violatedFields(catchThrowableOfType(StatusRuntimeException.class, call::call));
  }
}
