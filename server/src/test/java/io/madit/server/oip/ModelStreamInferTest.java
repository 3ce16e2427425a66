package io.madit.server.oip;

import static io.madit.server.oip.InferRequests.elements;
import static io.madit.server.oip.InferRequests.output;
import static io.madit.server.oip.InferRequests.whole;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.madit.inference.GRPCInferenceServiceGrpc;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelStreamInferResponse;
import io.madit.server.rpc.Gauges;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.RunningServer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ModelStreamInferTest {
  private static final int REQUESTS = 3 * RunningServer.MAX_PICTURES;

  /** A client that may send more than the server draws at once. */
  private static final class Stream implements StreamObserver<ModelStreamInferResponse> {
    final BlockingQueue<ModelStreamInferResponse> responses = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> ended = new CompletableFuture<>();
    private final StreamObserver<ModelInferRequest> requests;

    Stream(RunningServer server) {
      requests = GRPCInferenceServiceGrpc.newStub(server.channel()).modelStreamInfer(this);
    }

    void send(ModelInferRequest.Builder request) {
      requests.onNext(request.build());
    }

    ModelStreamInferResponse next() throws InterruptedException {
      ModelStreamInferResponse response = responses.poll(60, TimeUnit.SECONDS);
      assertThat(response).as("a response within a minute").isNotNull();
      return response;
    }

    @Override
    public void onNext(ModelStreamInferResponse response) {
      responses.add(response);
    }

    @Override
    public void onError(Throwable t) {
      ended.complete(Status.fromThrowable(t));
    }

    @Override
    public void onCompleted() {
      ended.complete(Status.OK);
    }
  }

  @Test
  void requests_areAnsweredInTheirOrder_moreThanFitAtOnce() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      Stream stream = new Stream(server);
      for (int i = 0; i < REQUESTS; i++) {
        stream.send(InferRequests.raw(i).setId("r" + i).addOutputs(output("SEED")));
      }
      stream.requests.onCompleted();
      assertThat(stream.ended.get().getCode()).isEqualTo(Status.Code.OK);
      for (int i = 0; i < REQUESTS; i++) {
        var response = stream.next().getInferResponse();
        assertThat(response.getId()).isEqualTo("r" + i);
        assertThat(elements(response, "SEED").byteAt(0)).isEqualTo((byte) i);
        assertThat(response.getParametersOrThrow("triton_final_response").getBoolParam()).isTrue();
      }
      Gauges.awaitZero(server);
    }
  }

  @Test
  void picture_isTheOneOfOurOwnApi() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      Stream stream = new Stream(server);
      stream.send(InferRequests.typed(5));
      var pixels = elements(stream.next().getInferResponse(), "IMAGE");
      stream.requests.onCompleted();
      assertThat(pixels)
          .isEqualTo(
              server.blocking().detokenize(InferRequests.own(5).build()).getOutput().getData());
    }
  }

  @Test
  void wrongRequest_isAnsweredByAMessage_andTheStreamGoesOn() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      Stream stream = new Stream(server);
      stream.send(InferRequests.typed(1).putParameters("rounds", whole(0)));
      stream.send(InferRequests.typed(2));
      ModelStreamInferResponse refused = stream.next();
      assertThat(refused.getErrorMessage()).isEqualTo("parameters.rounds must be 1 to 128, is 0");
      var about = refused.getInferResponse();
      assertThat(about.getId()).isEqualTo("picture-1");
      assertThat(about.getParametersOrThrow("error_code").getStringParam())
          .isEqualTo("INVALID_ARGUMENT");
      assertThat(about.getParametersOrThrow("error_reason").getStringParam())
          .isEqualTo("INVALID_FIELD");
      ModelStreamInferResponse drawn = stream.next();
      assertThat(drawn.getErrorMessage()).isEmpty();
      assertThat(drawn.getInferResponse().getId()).isEqualTo("picture-2");
      stream.requests.onCompleted();
      assertThat(stream.ended.get().isOk()).isTrue();
    }
  }

  @Test
  void clientThatLeaves_freesItsPlaces() throws Exception {
    HeldRuntime device = new HeldRuntime();
    try (RunningServer server = held(device)) {
      device.hold();
      try (Context.CancellableContext context = Context.current().withCancellation()) {
        context.run(
            () -> {
              Stream stream = new Stream(server);
              stream.send(InferRequests.raw(1, 2));
              stream.send(InferRequests.typed(3));
            });
        device.awaitRound();
        context.cancel(null);
      }
      device.release();
      Gauges.awaitZero(server);
    }
  }

  @Test
  void timeout_endsItsRequestOnly() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      Stream stream = new Stream(server);
      stream.send(InferRequests.typed(1).putParameters("timeout", whole(1)));
      stream.send(InferRequests.typed(2));
      var late = stream.next().getInferResponse();
      assertThat(late.getParametersOrThrow("error_code").getStringParam())
          .isEqualTo("DEADLINE_EXCEEDED");
      assertThat(stream.next().getErrorMessage()).isEmpty();
      stream.requests.onCompleted();
      Gauges.awaitZero(server);
    }
  }

  private static RunningServer held(HeldRuntime device) throws Exception {
    return RunningServer.start(
        device, RunningServer.LIMITS, RunningServer.SCHEDULING, RunningServer.DRAIN);
  }
}
