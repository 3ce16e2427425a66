package io.madit.load;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.Status;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Sends requests over a few connections, and never a second time. */
final class Caller implements AutoCloseable {
  private static final int LARGEST_ANSWER_BYTES = 64 << 20;

  private final List<ManagedChannel> channels = new ArrayList<>();

  Caller(String address, int connections) {
    for (int i = 0; i < connections; i++) {
      channels.add(
          NettyChannelBuilder.forTarget(address)
              .usePlaintext()
              .disableRetry()
              .directExecutor()
              .maxInboundMessageSize(LARGEST_ANSWER_BYTES)
              .build());
    }
  }

  ManagedChannel channel() {
    return channels.get(0);
  }

  Model model() {
    return VisualTokenServiceGrpc.newBlockingStub(channel())
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .getModel(GetModelRequest.getDefaultInstance())
        .getModel();
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
    VisualTokenServiceGrpc.newStub(channels.get(index % channels.size()))
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
                    new Outcome(
                        intended,
                        sent,
                        System.nanoTime(),
                        Status.fromThrowable(t).getCode(),
                        reason(t),
                        0,
                        0,
                        0,
                        0));
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

  private static double seconds(Duration duration) {
    return duration.getSeconds() + duration.getNanos() * 1e-9;
  }

  private static String reason(Throwable t) {
    com.google.rpc.Status status = StatusProto.fromThrowable(t);
    if (status != null) {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          try {
            return detail.unpack(ErrorInfo.class).getReason();
          } catch (InvalidProtocolBufferException e) {
            return "unreadable";
          }
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
