package io.madit.server.oip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.madit.inference.CudaSharedMemoryStatusRequest;
import io.madit.inference.GRPCInferenceServiceGrpc;
import io.madit.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import io.madit.inference.InferStatistics;
import io.madit.inference.LogSettingsRequest;
import io.madit.inference.ModelConfig;
import io.madit.inference.ModelConfigRequest;
import io.madit.inference.ModelInferResponse;
import io.madit.inference.ModelMetadataRequest;
import io.madit.inference.ModelMetadataResponse;
import io.madit.inference.ModelReadyRequest;
import io.madit.inference.ModelStatistics;
import io.madit.inference.ModelStatisticsRequest;
import io.madit.inference.RepositoryIndexRequest;
import io.madit.inference.RepositoryModelLoadRequest;
import io.madit.inference.ServerLiveRequest;
import io.madit.inference.ServerMetadataRequest;
import io.madit.inference.ServerReadyRequest;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.rpc.Gauges;
import io.madit.server.testing.AccessLines;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class InferenceRpcTest {
  private static final StreamObserver<ModelInferResponse> IGNORED =
      new StreamObserver<>() {
        @Override
        public void onNext(ModelInferResponse response) {}

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
      };

  private final HeldRuntime device = new HeldRuntime();
  private AccessLines lines;
  private RunningServer server;
  private GRPCInferenceServiceBlockingStub stub;

  @BeforeEach
  void start() throws Exception {
    lines = new AccessLines();
    server =
        RunningServer.start(
            device,
            new ObservabilityConfig(false, true, false),
            Resources.path("models/pico-buffer"),
            Resources.path("models/pico-velocity"));
    stub = InferRequests.stub(server.channel());
  }

  @AfterEach
  void stop() {
    device.release();
    server.close();
    lines.close();
  }

  @Test
  void serverAndModels_areReady() {
    assertThat(stub.serverLive(ServerLiveRequest.getDefaultInstance()).getLive()).isTrue();
    assertThat(stub.serverReady(ServerReadyRequest.getDefaultInstance()).getReady()).isTrue();
    assertThat(ready("pico-velocity", "1")).isTrue();
    assertThat(ready("pico-velocity", "2")).isFalse();
    assertThat(ready("other", "")).isFalse();
    var server = stub.serverMetadata(ServerMetadataRequest.getDefaultInstance());
    assertThat(server.getName()).isEqualTo("madit-serving");
    assertThat(server.getExtensionsList()).contains("statistics");
  }

  private boolean ready(String name, String version) {
    return stub.modelReady(ModelReadyRequest.newBuilder().setName(name).setVersion(version).build())
        .getReady();
  }

  @Test
  void metadata_hasTheBatchDimension_configHasNot() {
    ModelMetadataResponse metadata =
        stub.modelMetadata(ModelMetadataRequest.newBuilder().setName("pico-buffer").build());
    assertThat(metadata.getVersionsList()).containsExactly("1");
    assertThat(metadata.getInputsList())
        .extracting(input -> input.getName())
        .containsExactly("TOKEN_IDS", "SEED", "TEXT");
    assertThat(metadata.getInputs(0).getShapeList()).containsExactly(-1L, 16L);
    assertThat(metadata.getOutputs(0).getShapeList()).containsExactly(-1L, 64L, 64L, 3L);
    ModelConfig config =
        stub.modelConfig(ModelConfigRequest.newBuilder().setName("pico-buffer").build())
            .getConfig();
    assertThat(config.getMaxBatchSize()).isEqualTo(RunningServer.MAX_PICTURES_PER_STREAM);
    assertThat(config.getInput(0).getDimsList()).containsExactly(16L);
    assertThat(config.getInput(1).getOptional()).isTrue();
    assertThat(config.getOutput(0).getDimsList()).containsExactly(64L, 64L, 3L);
  }

  @Test
  void repositoryIndex_listsModels() {
    var index = stub.repositoryIndex(RepositoryIndexRequest.getDefaultInstance());
    assertThat(index.getModelsList())
        .extracting(model -> model.getName() + " " + model.getState())
        .containsExactly("pico-buffer READY", "pico-velocity READY");
    assertThatThrownBy(
            () ->
                stub.repositoryIndex(
                    RepositoryIndexRequest.newBuilder().setRepositoryName("zoo").build()))
        .hasMessage(
            "INVALID_ARGUMENT: repository_name must be empty: there is one repository, is \"zoo\"");
  }

  @Test
  void statistics_countPicturesAndFailures() {
    stub.modelInfer(InferRequests.raw(1, 2).build());
    stub.modelInfer(InferRequests.typed(3).build());
    assertThatThrownBy(() -> stub.modelInfer(InferRequests.typed(4).clearInputs().build()))
        .hasMessageContaining("inputs.TOKEN_IDS must be given");
    ModelStatistics stats =
        stub.modelStatistics(ModelStatisticsRequest.newBuilder().setName("pico-buffer").build())
            .getModelStats(0);
    assertThat(stats.getInferenceCount()).isEqualTo(3);
    assertThat(stats.getExecutionCount()).isEqualTo(2);
    assertThat(stats.getLastInference()).isPositive();
    InferStatistics times = stats.getInferenceStats();
    assertThat(times.getSuccess().getCount()).isEqualTo(2);
    assertThat(times.getFail().getCount()).isEqualTo(1);
    assertThat(times.getQueue().getCount()).isEqualTo(2);
    assertThat(times.getComputeInfer().getNs()).isPositive();
    assertThat(stats.getBatchStatsList())
        .extracting(batch -> batch.getBatchSize())
        .containsExactly(1L, 2L);
    assertThat(
            stub.modelStatistics(ModelStatisticsRequest.getDefaultInstance()).getModelStatsCount())
        .isEqualTo(2);
  }

  @Test
  void methodsThatAreNotOffered_sayWhatToDo() {
    assertThatThrownBy(
            () -> stub.repositoryModelLoad(RepositoryModelLoadRequest.getDefaultInstance()))
        .hasMessage(
            "UNIMPLEMENTED: models are loaded when the server starts; start it with another"
                + " --model");
    assertThatThrownBy(
            () -> stub.cudaSharedMemoryStatus(CudaSharedMemoryStatusRequest.getDefaultInstance()))
        .hasMessage("UNIMPLEMENTED: there is no shared memory; send tensors in the messages");
    assertThatThrownBy(() -> stub.logSettings(LogSettingsRequest.getDefaultInstance()))
        .hasMessage("UNIMPLEMENTED: this is set by flags when the server starts");
  }

  @Test
  void accessLog_hasALinePerRequest() throws Exception {
    stub.modelInfer(InferRequests.typed(3).build());
    JsonNode line = lines.next();
    assertThat(line.path("method").asText()).isEqualTo("inference.GRPCInferenceService/ModelInfer");
    assertThat(line.path("outcome").asText()).isEqualTo("ok");
    assertThat(line.path("client_request_id").asText()).isEqualTo("picture-3");
    assertThat(line.path("model").asText()).isEqualTo("pico-buffer@1");
    assertThat(server.get("/metrics").body())
        .contains("madit_requests_total{kind=\"infer\",outcome=\"ok\"} 1.0");
  }

  @Test
  void clientThatLeaves_freesItsPlaces() throws Exception {
    device.hold();
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      context.run(
          () ->
              GRPCInferenceServiceGrpc.newStub(server.channel())
                  .modelInfer(InferRequests.raw(1, 2, 3).build(), IGNORED));
      device.awaitRound();
      context.cancel(null);
    }
    device.release();
    Gauges.awaitZero(server);
    assertThat(lines.next().path("code").asText()).isEqualTo("CANCELLED");
  }
}
