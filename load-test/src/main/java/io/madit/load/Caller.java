package io.madit.load;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.Model;
import io.madit.v1.Timings;
import io.madit.v1.VisualTokenServiceGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Sends requests over a few connections. */
final class Caller implements AutoCloseable {
  private static final int LARGEST_ANSWER_BYTES = 64 << 20;

  /**
   * A service config. UNKNOWN is what gRPC reports of a connection that closes while a call begins.
   */
  private static final Map<String, Object> RETRIES =
      Map.of(
          "methodConfig",
          List.of(
              Map.of(
                  "name",
                  List.of(Map.of("service", VisualTokenServiceGrpc.SERVICE_NAME)),
                  "retryPolicy",
                  Map.of(
                      "maxAttempts",
                      4.0,
                      "initialBackoff",
                      "0.1s",
                      "maxBackoff",
                      "1s",
                      "backoffMultiplier",
                      2.0,
                      "retryableStatusCodes",
                      List.of("UNAVAILABLE", "RESOURCE_EXHAUSTED", "UNKNOWN")))));

  private final List<ManagedChannel> channels = new ArrayList<>();

  /** Plain text. Never sends a request a second time. */
  Caller(String address, int connections) {
    this(connections, () -> NettyChannelBuilder.forTarget(address).usePlaintext().disableRetry());
  }

  private Caller(int connections, Supplier<NettyChannelBuilder> connection) {
    for (int i = 0; i < connections; i++) {
      channels.add(channel(connection.get()));
    }
  }

  /** Never sends a request a second time. Replicas behind one name take turns. */
  static Caller to(int connections, Supplier<NettyChannelBuilder> connection) {
    return new Caller(
        connections,
        () -> connection.get().disableRetry().defaultLoadBalancingPolicy("round_robin"));
  }

  /** What a replica could not answer goes to the next. Replicas behind one name take turns. */
  static Caller retrying(int connections, Supplier<NettyChannelBuilder> connection) {
    return new Caller(
        connections,
        () ->
            connection
                .get()
                .enableRetry()
                .defaultLoadBalancingPolicy("round_robin")
                .defaultServiceConfig(RETRIES));
  }

  /** One channel over several servers, in turn; what a server could not answer goes to the next. */
  static Caller retrying(List<String> addresses) {
    return retrying(
        1, () -> NettyChannelBuilder.forTarget(StaticAddresses.target(addresses)).usePlaintext());
  }

  private static ManagedChannel channel(NettyChannelBuilder builder) {
    return builder.directExecutor().maxInboundMessageSize(LARGEST_ANSWER_BYTES).build();
  }

  ManagedChannel channel() {
    return channels.get(0);
  }

  /**
   * The server's default model.
   *
   * @throws IllegalStateException naming the server, if it does not tell
   */
  Model model() {
    try {
      return VisualTokenServiceGrpc.newBlockingStub(channel())
          .withDeadlineAfter(30, TimeUnit.SECONDS)
          .getModel(GetModelRequest.getDefaultInstance())
          .getModel();
    } catch (StatusRuntimeException e) {
      throw new IllegalStateException(channel().authority() + ": " + e.getMessage(), e);
    }
  }

  /** Waits for the picture's file. */
  ByteString picture(DetokenizeRequest request) {
    return VisualTokenServiceGrpc.newBlockingStub(channel())
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .detokenize(request)
        .getOutput()
        .getData();
  }

  /** The connections take turns. */
  VisualTokenServiceGrpc.VisualTokenServiceStub stub(int index) {
    return VisualTokenServiceGrpc.newStub(channels.get(index % channels.size()));
  }

  /**
   * Sends now.
   *
   * @param intended when it was meant to be sent
   * @param deadlineNanos after {@code intended}
   */
  CompletableFuture<Outcome> send(
      int index, DetokenizeRequest request, long intended, long deadlineNanos) {
    long sent = System.nanoTime();
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    stub(index)
        .withDeadlineAfter(Math.max(1, intended + deadlineNanos - sent), TimeUnit.NANOSECONDS)
        .detokenize(
            request,
            new StreamObserver<>() {
              private DetokenizeResponse answer;

              @Override
              public void onNext(DetokenizeResponse response) {
                answer = response;
              }

              @Override
              public void onError(Throwable t) {
                outcome.complete(
                    Outcome.failed(intended, sent, Status.fromThrowable(t).getCode(), reason(t)));
              }

              @Override
              public void onCompleted() {
                Timings timings = answer.getReport().getTimings();
                outcome.complete(
                    new Outcome(
                        intended,
                        sent,
                        System.nanoTime(),
                        Status.Code.OK,
                        "",
                        seconds(timings.getQueue()),
                        seconds(timings.getRounds()),
                        seconds(timings.getDecode()),
                        seconds(timings.getEncode())));
              }
            });
    return outcome;
  }

  static double seconds(Duration duration) {
    return duration.getSeconds() + duration.getNanos() * 1e-9;
  }

  static String reason(Throwable t) {
    com.google.rpc.Status status = StatusProto.fromThrowable(t);
    return status == null ? "" : reason(status.getDetailsList());
  }

  /** The reason among the details of an error; empty when there is none. */
  static String reason(List<Any> details) {
    for (Any detail : details) {
      if (detail.is(ErrorInfo.class)) {
        try {
          return detail.unpack(ErrorInfo.class).getReason();
        } catch (InvalidProtocolBufferException e) {
          return "unreadable";
        }
      }
    }
    return "";
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
