package io.madit.server.rpc;

import static io.madit.v1.RevealOrder.REVEAL_ORDER_GTR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GtrOptions;
import io.madit.v1.OutputFormat;
import io.madit.v1.SamplingOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A model whose manifest says that its solver chooses its own steps. */
class AdaptiveSolverTest {
  private static final int TOKENS = 64;
  @TempDir private static Path folder;
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    Path bundle = Resources.path("models/pico-v2flow");
    try (Stream<Path> files = Files.list(bundle)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    ObjectMapper json = new ObjectMapper();
    Path manifest = folder.resolve("manifest.json");
    ObjectNode root = (ObjectNode) json.readTree(manifest.toFile());
    json.writeValue(manifest.toFile(), root.put("adaptive_steps", true));
    server = RunningServer.start(folder);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static DetokenizeResponse draw(SamplingOptions sampling) {
    DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder().setSampling(sampling);
    request.getVisualBuilder().getTokenIdsBuilder().addAllIds(Collections.nCopies(TOKENS, 3));
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
    return server.blocking().detokenize(request.build());
  }

  private static Arguments bad(
      String field, String says, Consumer<SamplingOptions.Builder> change) {
    SamplingOptions.Builder options = SamplingOptions.newBuilder();
    change.accept(options);
    return Arguments.of(field, says, options.build());
  }

  private static SamplingOptions.Builder staged(SamplingOptions.Builder options) {
    return options.setRevealOrder(REVEAL_ORDER_GTR);
  }

  static Stream<Arguments> steps() {
    return Stream.of(
        bad("sampling.flow_steps", "adaptive", s -> s.setFlowSteps(4)),
        bad(
            "sampling.gtr.first_flow_steps",
            "is 5",
            s -> staged(s).setGtr(GtrOptions.newBuilder().setFirstFlowSteps(5))),
        bad(
            "sampling.gtr.last_flow_steps",
            "is 3",
            s -> staged(s).setGtr(GtrOptions.newBuilder().setLastFlowSteps(3))),
        bad(
            "sampling.gtr.reconstruction_flow_steps",
            "is 2",
            s -> staged(s).setGtr(GtrOptions.newBuilder().setReconstructionFlowSteps(2))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("steps")
  void stepsOfTheCaller_areRefused(String field, String says, SamplingOptions sampling) {
    StatusRuntimeException e =
        catchThrowableOfType(StatusRuntimeException.class, () -> draw(sampling));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(Requests.violatedFields(e)).containsExactly(field);
    assertThat(e.getStatus().getDescription()).contains(field).contains(says);
  }

  @Test
  void report_hasNoSteps_andCanBeSentBack() {
    DetokenizeResponse first = draw(staged(SamplingOptions.newBuilder()).build());
    SamplingOptions reported = first.getReport().getSampling();
    assertThat(reported.hasFlowSteps()).isFalse();
    assertThat(reported.getGtr().hasStages()).isTrue();
    assertThat(reported.getGtr().hasFirstFlowSteps()).isFalse();
    assertThat(draw(reported).getReport().getSampling()).isEqualTo(reported);
  }
}
