package io.madit.server.rpc;

import static io.madit.v1.RevealOrder.REVEAL_ORDER_GTR;
import static io.madit.v1.RevealOrder.REVEAL_ORDER_HALTON;
import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.testing.RunningServer;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GetModelRequest;
import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import io.madit.v1.RunReport;
import io.madit.v1.SamplingOptions;
import io.madit.v1.Tensor;
import io.madit.v1.UserPlan;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The sampling of a report, sent back as it is, is taken and gives the same result. */
class SamplingReportTest {
  /** Of latents; work in other company differs by rounding. */
  private static final Offset<Float> TOLERANCE = Offset.offset(1e-3f);

  private static final Conditioning CLASS = Conditioning.newBuilder().setClassLabel(1).build();
  private static RunningServer server;

  /** What came of a request: ids, or values. */
  private record Result(Output output, RunReport report) {
    void assertSame(Result other) {
      assertThat(other.output().getTokenIds()).isEqualTo(output.getTokenIds());
      assertThat(other.values()).containsExactly(values(), TOLERANCE);
    }

    private float[] values() {
      Tensor tensor = output.getTensor();
      float[] values = new float[tensor.getData().size() / Float.BYTES];
      tensor
          .getData()
          .asReadOnlyByteBuffer()
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(values);
      return values;
    }
  }

  @BeforeAll
  static void start() throws Exception {
    server =
        RunningServer.start(
            "pico-buffer",
            "pico-velocity",
            "pico-v2flow",
            "pico-mar",
            "pico-ta-titok",
            "pico-maskgil",
            "pico-maskgen-vq",
            "pico-maskgen-kl");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Arguments with(
      String model, String what, Consumer<SamplingOptions.Builder> change) {
    SamplingOptions.Builder options = SamplingOptions.newBuilder();
    change.accept(options);
    return Arguments.of(model, what, options.build());
  }

  static List<Arguments> cases() {
    return List.of(
        with("pico-buffer", "defaults", s -> {}),
        with("pico-buffer", "preset", s -> s.setPreset("fast")),
        with("pico-buffer", "regression", s -> s.setRegressionOnly(true)),
        with("pico-buffer", "stages", s -> s.setRevealOrder(REVEAL_ORDER_GTR).setFlowSteps(4)),
        with("pico-buffer", "own plan", s -> s.setUserPlan(ownPlan())),
        with("pico-buffer", "boosts", SamplingReportTest::boost),
        with("pico-velocity", "defaults", s -> s.setRevealOrder(REVEAL_ORDER_HALTON)),
        with("pico-v2flow", "defaults", s -> {}),
        with("pico-mar", "defaults", s -> s.setTemperature(0.9)),
        with("pico-mar", "stages", s -> s.setRevealOrder(REVEAL_ORDER_GTR)),
        with("pico-ta-titok", "defaults", s -> {}),
        with("pico-maskgil", "defaults", s -> {}),
        with("pico-maskgil", "own counts", s -> s.setUserPlan(counts(3, 5, 8))),
        with("pico-maskgen-vq", "defaults", s -> {}),
        with("pico-maskgen-vq", "many rounds", s -> s.setRounds(40)),
        with("pico-maskgen-vq", "own counts", s -> s.setUserPlan(counts(3, 5, 8))),
        with("pico-maskgen-kl", "defaults", s -> {}));
  }

  private static UserPlan.Builder counts(Integer... counts) {
    return UserPlan.newBuilder().addAllCounts(List.of(counts));
  }

  private static UserPlan.Builder ownPlan() {
    List<Integer> order = IntStream.range(0, 16).map(i -> 15 - i).boxed().toList();
    return counts(3, 5, 8)
        .addAllOrder(order)
        .addAllFlowSteps(List.of(2, 3, 4))
        .addAllGuidanceScales(List.of(1.0, 2.0, 3.0));
  }

  private static void boost(SamplingOptions.Builder options) {
    options.getFrequencyStepsBuilder().setFraction(0.5).setBoostedFlowSteps(12);
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("cases")
  void report_sentBack_givesTheSameResult(String model, String what, SamplingOptions given) {
    Result first = run(model, given);
    SamplingOptions reported = first.report().getSampling();
    assertThat(reported.getSeed()).isEqualTo(first.report().getSeed());
    Result second = run(model, reported);
    first.assertSame(second);
    assertThat(second.report().getSampling()).isEqualTo(reported);
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("cases")
  void defaultsOfAModel_canBeSent(String model, String what, SamplingOptions given) {
    SamplingOptions defaults =
        server
            .blocking()
            .getModel(GetModelRequest.newBuilder().setModel(model).build())
            .getModel()
            .getSamplingDefaults();
    long seed = 11;
    run(model, defaults.toBuilder().setSeed(seed).build())
        .assertSame(run(model, SamplingOptions.newBuilder().setSeed(seed).build()));
  }

  private static Result run(String model, SamplingOptions sampling) {
    return switch (model) {
      case "pico-maskgil" -> completed(model, sampling);
      case "pico-mar", "pico-maskgen-vq", "pico-maskgen-kl" -> generated(model, sampling);
      default -> detokenized(model, sampling);
    };
  }

  private static Result completed(String model, SamplingOptions sampling) {
    var response =
        server
            .blocking()
            .completeTokens(
                CompleteTokensRequest.newBuilder()
                    .setModel(model)
                    .setConditioning(CLASS)
                    .setSampling(sampling)
                    .build());
    return new Result(
        Output.newBuilder().setTokenIds(response.getTokens()).build(), response.getReport());
  }

  private static Result generated(String model, SamplingOptions sampling) {
    GenerateRequest.Builder request =
        GenerateRequest.newBuilder().setModel(model).setSampling(sampling);
    if (model.equals("pico-mar")) {
      request.setConditioning(CLASS);
      request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
    } else {
      request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_TOKENS);
    }
    if (model.equals("pico-maskgen-kl")) {
      request
          .getConditioningBuilder()
          .getTextEmbeddingsBuilder()
          .setEmbeddings(ramp(8, 32))
          .setPooled(ramp(32))
          .setNullEmbeddings(ramp(8, 32))
          .setNullPooled(ramp(32));
    }
    if (model.equals("pico-maskgen-vq")) {
      request.getConditioningBuilder().setText("a red cat");
    }
    var response = server.blocking().generate(request.build());
    return new Result(response.getOutput(), response.getReport());
  }

  private static Tensor ramp(int... shape) {
    float[] values = new float[IntStream.of(shape).reduce(1, (a, b) -> a * b)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i % 7 - 3) / 10f;
    }
    return Tensors.float32(values, shape);
  }

  private static Result detokenized(String model, SamplingOptions sampling) {
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder().setModel(model).setSampling(sampling);
    int tokens = model.equals("pico-velocity") || model.equals("pico-v2flow") ? 64 : 16;
    request.getVisualBuilder().getTokenIdsBuilder().addAllIds(Collections.nCopies(tokens, 3));
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
    var response = server.blocking().detokenize(request.build());
    return new Result(response.getOutput(), response.getReport());
  }
}
