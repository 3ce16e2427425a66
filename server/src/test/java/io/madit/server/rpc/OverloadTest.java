package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.madit.server.config.LimitsConfig;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that ask for too much, too late, or never read. */
@Timeout(120)
class OverloadTest {
  private final HeldRuntime device = new HeldRuntime();

  @Test
  void fullServer_refusesAtOnceAndSaysWhenToComeBack() throws Exception {
    try (RunningServer server = start(limits(2, 2, Duration.ofMinutes(1)))) {
      device.hold();
      occupy(server, 2);
      StatusRuntimeException e = refused(server);
      assertThat(reason(e)).isEqualTo("QUEUE_FULL");
      assertThat(e.getTrailers().get(Statuses.PUSHBACK)).matches("[1-9][0-9]*");
      assertThat(detail(e, RetryInfo.class).getRetryDelay())
          .isNotEqualTo(com.google.protobuf.Duration.getDefaultInstance());
      device.release();
      Gauges.awaitZero(server);
      server.blocking().detokenize(Requests.picture(9).build());
    }
  }

  @Test
  void quota_isOfOneClient() throws Exception {
    try (RunningServer server = start(limits(8, 1, Duration.ofMinutes(1)))) {
      device.hold();
      occupy(server, 1);
      assertThat(reason(refused(server))).isEqualTo("CLIENT_QUOTA");
      device.release();
      Gauges.awaitZero(server);
    }
  }

  @Test
  void silentStream_losesItsPictureAndFreesItsPlace() throws Exception {
    try (RunningServer server = start(limits(1, 1, Duration.ofMillis(200)))) {
      StreamClient stream = new StreamClient(server);
      stream.begin("a", BeginImage.newBuilder());
      stream.tokens("a", List.of(1, 2, 3));
      StreamDetokenizeResponse last = stream.last("a");
      assertThat(last.getError().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED.value());
      assertThat(last.getError().getMessage()).contains("no ids came for 200 ms, 3 had come");
      Gauges.awaitZero(server);
      stream.complete();
    }
  }

  @Test
  void streamedPicture_whoseDeadlinePassesWhileItsIdsCome_isGivenUp() throws Exception {
    try (RunningServer server = start(limits(1, 1, Duration.ofMillis(400)))) {
      StreamClient stream = new StreamClient(server);
      BeginImage.Builder begin = BeginImage.newBuilder();
      begin.getDeadlineBuilder().setNanos(100_000_000);
      stream.begin("a", begin);
      assertThat(stream.last("a").getError().getMessage()).isEqualTo("the deadline has passed");
      stream.complete();
    }
  }

  @Test
  void clientThatNeverReads_isNotReadEither() throws Exception {
    try (RunningServer server = start(limits(8, 8, Duration.ofMinutes(1)))) {
      int most = 200_000;
      Flood flood = new Flood(server, most);
      assertThat(flood.stalled.tryAcquire(60, TimeUnit.SECONDS)).isTrue();
      int taken = flood.sent.get();
      assertThat(taken).isLessThan(most);
      flood.read();
      assertThat(flood.finished.await(90, TimeUnit.SECONDS)).isTrue();
      assertThat(flood.error).isNull();
      assertThat(flood.answers.get()).isGreaterThanOrEqualTo(taken);
      Gauges.awaitZero(server);
    }
  }

  private RunningServer start(LimitsConfig limits) throws Exception {
    return RunningServer.start(device, limits, RunningServer.SCHEDULING, RunningServer.DRAIN);
  }

  private static LimitsConfig limits(int pictures, int perClient, Duration tokensTimeout) {
    return new LimitsConfig(
        pictures, perClient, 4, Duration.ofMinutes(2), 1 << 30, 4096, 1 << 20, tokensTimeout);
  }

  /** Puts pictures into the server that stay there. */
  private void occupy(RunningServer server, int pictures) throws Exception {
    for (int i = 0; i < pictures; i++) {
      server.async().detokenize(Requests.picture(i).build(), new Ignore<>());
    }
    device.awaitRound();
    while (server.metric("madit_pictures_admitted") < pictures) {
      Thread.onSpinWait();
    }
  }

  private static StatusRuntimeException refused(RunningServer server) {
    try {
      server.blocking().detokenize(Requests.picture(7).build());
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      return e;
    }
    throw new AssertionError("was admitted");
  }

  private static String reason(StatusRuntimeException e) throws Exception {
    return detail(e, ErrorInfo.class).getReason();
  }

  private static <T extends com.google.protobuf.Message> T detail(
      StatusRuntimeException e, Class<T> type) throws Exception {
    for (Any detail : StatusProto.fromThrowable(e).getDetailsList()) {
      if (detail.is(type)) {
        return detail.unpack(type);
      }
    }
    throw new AssertionError("no " + type.getSimpleName());
  }

  private static final class Ignore<T> implements io.grpc.stub.StreamObserver<T> {
    @Override
    public void onNext(T value) {}

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }

  /** Sends events for pictures that do not exist, each of which gets an answer, and reads none. */
  private static final class Flood
      implements ClientResponseObserver<StreamDetokenizeRequest, StreamDetokenizeResponse> {
    private static final StreamDetokenizeRequest EVENT =
        StreamDetokenizeRequest.newBuilder().setImageId("x".repeat(200)).build();

    final Semaphore stalled = new Semaphore(0);
    final CountDownLatch finished = new CountDownLatch(1);
    final AtomicInteger sent = new AtomicInteger();
    final AtomicInteger answers = new AtomicInteger();
    private final int most;
    private volatile boolean reading;
    volatile Throwable error;
    private ClientCallStreamObserver<StreamDetokenizeRequest> out;

    Flood(RunningServer server, int most) {
      this.most = most;
      server.async().streamDetokenize(this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<StreamDetokenizeRequest> observer) {
      out = observer;
      out.disableAutoRequestWithInitial(0);
      out.setOnReadyHandler(this::send);
    }

    private synchronized void send() {
      while (out.isReady() && sent.get() < most && !reading) {
        out.onNext(EVENT);
        sent.incrementAndGet();
      }
      stalled.release();
    }

    /** Stops sending and reads everything. */
    synchronized void read() {
      reading = true;
      out.onCompleted();
      out.request(Integer.MAX_VALUE);
    }

    @Override
    public void onNext(StreamDetokenizeResponse response) {
      answers.incrementAndGet();
    }

    @Override
    public void onError(Throwable t) {
      error = t;
      finished.countDown();
    }

    @Override
    public void onCompleted() {
      finished.countDown();
    }
  }
}
