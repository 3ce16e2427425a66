package io.madit.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.v1.VisualTokenServiceGrpc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaditServerTest {
  @Test
  void start_isReadyAndSaysSo() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      assertThat(server.get("/livez").status()).isEqualTo(200);
      assertThat(server.get("/readyz").status()).isEqualTo(200);
      assertThat(server.get("/other").status()).isEqualTo(404);
      assertThat(
              HealthGrpc.newBlockingStub(server.channel())
                  .check(health(VisualTokenServiceGrpc.SERVICE_NAME))
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
      assertThat(server.get("/metrics").body())
          .contains("madit_sessions_live 0.0")
          .contains("madit_engine_rounds_total")
          .contains("jvm_memory_used_bytes");
    }
  }

  @Test
  void stop_tellsWatchersBeforeConnectionsEnd() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      Iterator<HealthCheckResponse> watch =
          HealthGrpc.newBlockingStub(server.channel())
              .withDeadlineAfter(60, TimeUnit.SECONDS)
              .watch(health(""));
      assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.SERVING);
      Thread stopper = new Thread(server.server()::stop);
      stopper.start();
      assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.NOT_SERVING);
      stopper.join();
    }
  }

  @Test
  void reflection_listsTheService() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      BlockingQueue<ServerReflectionResponse> answers = new LinkedBlockingQueue<>();
      StreamObserver<ServerReflectionRequest> out =
          ServerReflectionGrpc.newStub(server.channel())
              .serverReflectionInfo(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                      answers.add(response);
                    }

                    @Override
                    public void onError(Throwable t) {}

                    @Override
                    public void onCompleted() {}
                  });
      out.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
      ServerReflectionResponse answer = answers.poll(60, TimeUnit.SECONDS);
      assertThat(answer).isNotNull();
      assertThat(answer.getListServicesResponse().getServiceList())
          .extracting("name")
          .contains(
              VisualTokenServiceGrpc.SERVICE_NAME,
              "grpc.health.v1.Health",
              "grpc.reflection.v1alpha.ServerReflection"); // what ghz asks for
      out.onCompleted();
    }
  }

  @Test
  void stop_refusesNewCalls() throws Exception {
    RunningServer server = RunningServer.start("pico-buffer");
    server.server().stop();
    assertThatThrownBy(() -> HealthGrpc.newBlockingStub(server.channel()).check(health("")))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    server.close();
  }

  @Test
  void start_refusesADamagedBundleByName(@TempDir Path folder) throws Exception {
    try (Stream<Path> files = Files.list(Resources.path("models/pico-buffer"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    Files.write(folder.resolve("codeword_kl.f32"), new byte[256]);
    assertThatThrownBy(() -> RunningServer.start(folder))
        .hasMessageContaining("codeword_kl.f32")
        .hasMessageContaining(folder.toString());
  }

  private static HealthCheckRequest health(String service) {
    return HealthCheckRequest.newBuilder().setService(service).build();
  }
}
