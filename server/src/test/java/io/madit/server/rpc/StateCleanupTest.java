package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever way a request ends, nothing of it remains: {unary, stream} x {answered, cancelled,
 * expired, refused, server told to stop}. The real model, a real port.
 */
@Timeout(300)
class StateCleanupTest {
  /** Ways to end. */
  enum End {
    OK,
    CANCEL,
    DEADLINE,
    ERROR,
    STOP
  }

  private static final int MANY_ROUNDS = 16;

  @ParameterizedTest
  @EnumSource(End.class)
  void unary_leavesNothing(End end) throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      for (int i = 0; i < 8; i++) {
        unary(server, end, i);
      }
      if (end == End.STOP) {
        server.server().stop();
        assertNothingIsLeft(server);
      } else {
        Gauges.awaitZero(server);
      }
    }
  }

  private static void unary(RunningServer server, End end, int seed) throws Exception {
    DetokenizeRequest.Builder request = Requests.picture(seed);
    request.getSamplingBuilder().setRounds(end == End.ERROR ? 0 : MANY_ROUNDS);
    Answer answer = new Answer();
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      context.run(
          () ->
              server
                  .async()
                  .withDeadlineAfter(end == End.DEADLINE ? 3 : 60_000, TimeUnit.MILLISECONDS)
                  .detokenize(request.build(), answer));
      if (end == End.CANCEL) {
        context.cancel(null);
      }
      if (end != End.STOP) {
        answer.done.await();
        assertThat(answer.status.getCode()).isIn(expected(end));
      }
    }
  }

  private static Object[] expected(End end) {
    return switch (end) {
      case OK, STOP -> new Object[] {Status.Code.OK};
      case CANCEL -> new Object[] {Status.Code.CANCELLED};
      case DEADLINE -> new Object[] {Status.Code.DEADLINE_EXCEEDED, Status.Code.OK};
      case ERROR -> new Object[] {Status.Code.INVALID_ARGUMENT};
    };
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void stream_leavesNothing(End end) throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      StreamClient stream = new StreamClient(server);
      for (int i = 0; i < 3; i++) {
        BeginImage.Builder begin = BeginImage.newBuilder().setPreviewEveryRounds(2);
        begin.getSamplingBuilder().setRounds(end == End.ERROR ? 0 : MANY_ROUNDS);
        if (end == End.DEADLINE) {
          begin.getDeadlineBuilder().setNanos(3_000_000);
        }
        stream.begin("p" + i, begin);
        stream.tokens("p" + i, Requests.ids(i));
        if (end == End.CANCEL && i != 1) {
          stream.cancel("p" + i);
        }
      }
      switch (end) {
        case OK, ERROR, DEADLINE -> {
          stream.lasts(3);
          stream.complete();
        }
        case CANCEL -> stream.abort();
        case STOP -> {
          server.server().stop();
          assertNothingIsLeft(server);
          return;
        }
      }
      Gauges.awaitZero(server);
    }
  }

  @Test
  void randomCancellations_leaveNothingAndChangeNothing() throws Exception {
    int requests = Integer.getInteger("madit.test.cancellations", 600);
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      DetokenizeRequest reference = Requests.picture(1).build();
      byte[] before = pixels(server, reference);
      Random random = new Random(7);
      for (int i = 0; i < requests; i++) {
        if (random.nextBoolean()) {
          cancelUnary(server, random);
        } else {
          cancelStream(server, random);
        }
      }
      Gauges.awaitZero(server);
      assertThat(pixels(server, reference)).isEqualTo(before);
    }
  }

  /** Cancels after a random number of others have been asked for. */
  private static void cancelUnary(RunningServer server, Random random) throws Exception {
    Answer answer = new Answer();
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      DetokenizeRequest.Builder request = Requests.picture(random.nextInt());
      request.getSamplingBuilder().setRounds(1 + random.nextInt(MANY_ROUNDS));
      context.run(() -> server.async().detokenize(request.build(), answer));
      for (int spins = random.nextInt(200_000); spins > 0; spins--) {
        Thread.onSpinWait();
      }
      context.cancel(null);
    }
    answer.done.await();
  }

  /** Cancels after a random number of events. */
  private static void cancelStream(RunningServer server, Random random) throws Exception {
    StreamClient stream = new StreamClient(server);
    BeginImage.Builder begin = BeginImage.newBuilder().setProgress(true).setPreviewEveryRounds(3);
    begin.getSamplingBuilder().setRounds(8);
    stream.begin("a", begin);
    stream.tokens("a", Requests.ids(random.nextInt()));
    for (int events = random.nextInt(9); events > 0; events--) {
      stream.next();
    }
    stream.abort();
  }

  private static byte[] pixels(RunningServer server, DetokenizeRequest request) {
    return server.blocking().detokenize(request).getOutput().getData().toByteArray();
  }

  private static void assertNothingIsLeft(RunningServer server) {
    assertThat(server.server().liveState()).isZero();
  }

  private static final class Answer implements StreamObserver<DetokenizeResponse> {
    final CountDownLatch done = new CountDownLatch(1);
    volatile Status status = Status.OK;

    @Override
    public void onNext(DetokenizeResponse value) {}

    @Override
    public void onError(Throwable t) {
      status = Status.fromThrowable(t);
      done.countDown();
    }

    @Override
    public void onCompleted() {
      done.countDown();
    }
  }
}
