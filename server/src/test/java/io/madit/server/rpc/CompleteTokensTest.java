package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.Safetensors;
import io.madit.v1.Capability;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.CompleteTokensResponse;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.Model;
import io.madit.v1.ModelFamily;
import io.madit.v1.OutputFormat;
import io.madit.v1.RevealSchedule;
import io.madit.v1.RunReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids completed by a MaskGIL of random weights. Golden ids: its script alone, in Python. */
class CompleteTokensTest {
  private static final int TOKENS = 16;
  private static final long[] SEEDS = {5, -7};
  private static RunningServer server;
  private static Safetensors golden;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", "pico-maskgil", "pico-velocity");
    golden = new Safetensors(Resources.path("golden/families.safetensors"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** Golden request {@code index}: none or a quarter of the ids are known. */
  private static CompleteTokensRequest.Builder partial(int index) {
    CompleteTokensRequest.Builder request =
        CompleteTokensRequest.newBuilder().setModel("pico-maskgil").setIncludePlan(true);
    IntStream.range(0, 4 * index).forEach(request.getKnownBuilder()::addIds);
    request.getKnownBuilder().setTokenCount(TOKENS);
    request.getConditioningBuilder().setClassLabel(index);
    request.getSamplingBuilder().setSeed(SEEDS[index]);
    return request;
  }

  private static CompleteTokensResponse complete(CompleteTokensRequest.Builder request) {
    return server.blocking().completeTokens(request.build());
  }

  private static List<Integer> expected(int index, String schedule) {
    List<Integer> ids = new ArrayList<>();
    for (float id : golden.floats("maskgil." + index + "." + schedule)) {
      ids.add((int) id);
    }
    return ids;
  }

  @ParameterizedTest
  @EnumSource(
      value = RevealSchedule.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"REVEAL_SCHEDULE_UNSPECIFIED", "UNRECOGNIZED"})
  void completion_givesWhatTheScriptGivesAlone(RevealSchedule schedule) {
    String name = schedule.name().substring("REVEAL_SCHEDULE_".length()).toLowerCase(Locale.ROOT);
    for (int index = 0; index < SEEDS.length; index++) {
      CompleteTokensRequest.Builder request = partial(index);
      request.getSamplingBuilder().setRevealSchedule(schedule);
      CompleteTokensResponse response = complete(request);
      assertThat(response.getTokens().getIdsList()).isEqualTo(expected(index, name));
      List<Integer> counts = response.getReport().getPlan().getCountsList();
      assertThat(counts.stream().mapToInt(i -> i).sum()).isEqualTo(TOKENS - 4 * index);
    }
  }

  @Test
  void knownIds_stayAtTheirPlacesWithTheirOffset() {
    CompleteTokensRequest.Builder request = partial(0);
    request.getKnownBuilder().setVocabularyOffset(1000);
    request.getKnownBuilder().addIds(1063).addIds(1001).addPositions(15).addPositions(7);
    List<Integer> ids = complete(request).getTokens().getIdsList();
    assertThat(ids).hasSize(TOKENS).allMatch(id -> id >= 1000 && id < 1064);
    assertThat(ids.get(15)).isEqualTo(1063);
    assertThat(ids.get(7)).isEqualTo(1001);
  }

  @Test
  void completions_shareRoundsAndEqualTheirSoloRuns() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(8);
    try {
      List<Future<CompleteTokensResponse>> completed = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        CompleteTokensRequest.Builder request = partial(i % 2);
        completed.add(clients.submit(() -> complete(request)));
      }
      for (int i = 0; i < completed.size(); i++) {
        assertThat(completed.get(i).get().getTokens().getIdsList())
            .isEqualTo(expected(i % 2, "cosine"));
      }
    } finally {
      clients.shutdownNow();
    }
  }

  /** A picture of golden request 1. */
  private static DetokenizeRequest.Builder picture() {
    DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder();
    request.getVisualBuilder().setTokenIds(partial(1).getKnown());
    request.getSamplingBuilder().setSeed(SEEDS[1]);
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    request
        .getCompletionBuilder()
        .setModel("pico-maskgil")
        .getConditioningBuilder()
        .setClassLabel(1);
    return request;
  }

  @Test
  void detokenize_drawsTheCompletedIds() {
    DetokenizeResponse completed = server.blocking().detokenize(picture().build());
    DetokenizeRequest.Builder whole = picture().clearCompletion();
    whole.getVisualBuilder().getTokenIdsBuilder().clear().addAllIds(expected(1, "cosine"));
    assertThat(completed.getOutput().getData())
        .isEqualTo(server.blocking().detokenize(whole.build()).getOutput().getData());
    RunReport completion = completed.getReport().getChained(0);
    assertThat(completion.getModel()).isEqualTo("pico-maskgil");
    assertThat(completion.getSeed()).isEqualTo(SEEDS[1]);
    assertThat(completed.getReport().getModel()).isEqualTo("pico-buffer");
  }

  @Test
  void model_saysWhatItCanDo() {
    Model model =
        server
            .blocking()
            .getModel(GetModelRequest.newBuilder().setModel("pico-maskgil").build())
            .getModel();
    assertThat(model.getFamily()).isEqualTo(ModelFamily.MODEL_FAMILY_MASKGIL);
    assertThat(model.getCapabilitiesList()).contains(Capability.CAPABILITY_COMPLETE_TOKENS);
    assertThat(model.getOutputFormatsList())
        .startsWith(OutputFormat.OUTPUT_FORMAT_TOKENS)
        .contains(OutputFormat.OUTPUT_FORMAT_PNG);
    assertThat(model.getDefaultDecoder()).isEqualTo("pico-buffer@1");
    assertThat(model.getSamplingDefaults().getChoiceTemperature()).isEqualTo(4.5);
  }

  private static Arguments bad(String field, Consumer<CompleteTokensRequest.Builder> change) {
    return Arguments.of(field, change);
  }

  static List<Arguments> malformed() {
    return List.of(
        bad("known.ids.length", r -> IntStream.range(0, 17).forEach(r.getKnownBuilder()::addIds)),
        bad("known.ids[0]", r -> r.getKnownBuilder().addIds(64)),
        bad("known.positions.length", r -> r.getKnownBuilder().addIds(1).addIds(2).addPositions(1)),
        bad("known.positions[0]", r -> r.getKnownBuilder().addIds(1).addPositions(16)),
        bad(
            "known.positions[1]",
            r -> r.getKnownBuilder().addIds(1).addIds(2).addPositions(3).addPositions(3)),
        bad("known.token_count", r -> r.getKnownBuilder().setTokenCount(15)),
        bad("conditioning.class_label", r -> r.getConditioningBuilder().setClassLabel(5)),
        bad("conditioning", r -> r.getConditioningBuilder().setText("a tree")),
        bad("sampling.rounds", r -> r.getSamplingBuilder().setRounds(0)),
        bad("sampling.temperature", r -> r.getSamplingBuilder().setTemperature(0)),
        bad("sampling.choice_temperature", r -> r.getSamplingBuilder().setChoiceTemperature(-1)),
        bad("sampling", r -> r.getSamplingBuilder().setFlowSteps(4)),
        bad(
            "sampling.user_plan.counts.sum",
            r -> r.getSamplingBuilder().getUserPlanBuilder().addCounts(3)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void whatDoesNotFit_isNamed(String field, Consumer<CompleteTokensRequest.Builder> change) {
    CompleteTokensRequest.Builder request = partial(0);
    change.accept(request);
    StatusRuntimeException e =
        catchThrowableOfType(StatusRuntimeException.class, () -> complete(request));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(Requests.violatedFields(e)).containsExactly(field);
  }

  @Test
  void modelsThatCannot_areRefused() {
    assertThat(failure(() -> complete(partial(0).setModel("pico-buffer"))).getStatus().getCode())
        .isEqualTo(Status.Code.UNIMPLEMENTED);
    DetokenizeRequest.Builder unknown = picture();
    unknown.getCompletionBuilder().setModel("none");
    assertThat(failure(() -> draw(unknown)).getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    DetokenizeRequest.Builder drawing = picture();
    drawing.getCompletionBuilder().setModel("pico-velocity");
    assertThat(Requests.violatedFields(failure(() -> draw(drawing))))
        .containsExactly("completion.model");
    DetokenizeRequest.Builder otherIds = picture().setModel("pico-velocity");
    assertThat(Requests.violatedFields(failure(() -> draw(otherIds))))
        .containsExactly("completion.model");
  }

  private static DetokenizeResponse draw(DetokenizeRequest.Builder request) {
    return server.blocking().detokenize(request.build());
  }

  private static StatusRuntimeException failure(Callable<?> call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::call);
  }
}
