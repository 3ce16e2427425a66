package io.madit.client;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.madit.v1.ImageAccepted;
import io.madit.v1.ImageError;
import io.madit.v1.ListModelsRequest;
import io.madit.v1.ListModelsResponse;
import io.madit.v1.ModelSummary;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;

/**
 * A server whose every answer is scripted: one turn per call; a call too many fails with INTERNAL.
 */
final class FlakyServer extends VisualTokenServiceGrpc.VisualTokenServiceImplBase
    implements AutoCloseable {
  /** How a call ends: a status, and for streams perhaps a last event before it. */
  record Turn(Status status, Metadata trailers, StreamDetokenizeResponse last) {
    static Turn fail(Status.Code code) {
      return new Turn(code.toStatus().withDescription("scripted"), new Metadata(), null);
    }

    static Turn ok() {
      return new Turn(Status.OK, new Metadata(), null);
    }

    static Turn draw() {
      return ok().with(
              StreamDetokenizeResponse.newBuilder()
                  .setImage(io.madit.v1.ImageResult.getDefaultInstance())
                  .build());
    }

    static Turn refuse(ImageError error) {
      return ok().with(StreamDetokenizeResponse.newBuilder().setError(error).build());
    }

    Turn pushback(String millis) {
      trailers.put(
          Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER), millis);
      return this;
    }

    private Turn with(StreamDetokenizeResponse event) {
      return new Turn(status, trailers, event);
    }

    private void end(StreamObserver<?> responses) {
      if (status.isOk()) {
        responses.onCompleted();
      } else {
        responses.onError(status.asRuntimeException(trailers));
      }
    }
  }

  private final Queue<Turn> turns;
  private final Server server;

  /** What streams were sent, per call. */
  final List<List<StreamDetokenizeRequest>> received =
      Collections.synchronizedList(new ArrayList<>());

  private int calls;

  FlakyServer(Turn... turns) throws IOException {
    this.turns = new ArrayDeque<>(List.of(turns));
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(this)
            .build()
            .start();
  }

  String address() {
    return "localhost:" + server.getPort();
  }

  int port() {
    return server.getPort();
  }

  synchronized int calls() {
    return calls;
  }

  private synchronized Turn turn() {
    calls++;
    return turns.isEmpty() ? Turn.fail(Status.Code.INTERNAL) : turns.remove();
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
    Turn turn = turn();
    if (turn.status().isOk()) {
      responses.onNext(
          ListModelsResponse.newBuilder().addModels(ModelSummary.getDefaultInstance()).build());
    }
    turn.end(responses);
  }

  /** Accepts, and takes its turn with the first ids. */
  @Override
  public StreamObserver<StreamDetokenizeRequest> streamDetokenize(
      StreamObserver<StreamDetokenizeResponse> responses) {
    Turn turn = turn();
    List<StreamDetokenizeRequest> seen = Collections.synchronizedList(new ArrayList<>());
    received.add(seen);
    return new StreamObserver<>() {
      private boolean ended;

      @Override
      public void onNext(StreamDetokenizeRequest request) {
        seen.add(request);
        if (request.hasBegin()) {
          responses.onNext(
              StreamDetokenizeResponse.newBuilder()
                  .setAccepted(ImageAccepted.getDefaultInstance())
                  .build());
        } else if (!ended) {
          ended = true;
          if (turn.last() != null) {
            responses.onNext(turn.last());
          }
          turn.end(responses);
        }
      }

      @Override
      public void onError(Throwable gone) {}

      @Override
      public void onCompleted() {}
    };
  }

  void stop() {
    server.shutdownNow();
  }

  @Override
  public void close() {
    stop();
  }
}
