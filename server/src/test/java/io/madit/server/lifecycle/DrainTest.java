package io.madit.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.madit.server.config.SchedulingConfig;
import io.madit.server.engine.Batching;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end: told to stop, or broken. */
@Timeout(120)
class DrainTest {
  private static final int TOKENS = 16;

  private final HeldRuntime device = new HeldRuntime();

  @Test
  void drain_finishesBegunPicturesAndRefusesNewOnes() throws Exception {
    RunningServer server = start(Duration.ofSeconds(60));
    StreamClient stream = new StreamClient(server);
    stream.begin("begun", BeginImage.newBuilder());
    assertThat(stream.next().hasAccepted()).isTrue();
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(server.server()::stop);
    while (server.get("/readyz").status() == 200) {
      Thread.onSpinWait();
    }
    stream.begin("late", BeginImage.newBuilder());
    assertThat(stream.last("late").getError().getCode()).isEqualTo(Status.Code.UNAVAILABLE.value());
    stream.tokens("begun", Collections.nCopies(TOKENS, 3));
    assertThat(stream.last("begun").hasImage()).isTrue();
    stream.complete();
    stopped.get(60, TimeUnit.SECONDS);
    server.close();
  }

  @Test
  void drain_givesUpWhatIsNotDoneInTime() throws Exception {
    RunningServer server = start(Duration.ZERO);
    StreamClient stream = new StreamClient(server);
    stream.begin("awaiting", BeginImage.newBuilder());
    assertThat(stream.next().hasAccepted()).isTrue();
    server.server().stop();
    assertThat(stream.last("awaiting").getError().getCode())
        .isEqualTo(Status.Code.UNAVAILABLE.value());
    server.close();
  }

  @Test
  void hungDevice_isNoticed() throws Exception {
    SchedulingConfig impatient =
        new SchedulingConfig(
            Batching.CONTINUOUS, Duration.ofSeconds(10), true, Duration.ofSeconds(1));
    RunningServer server =
        RunningServer.start(device, RunningServer.LIMITS, impatient, RunningServer.DRAIN);
    device.hold();
    StreamClient stream = new StreamClient(server);
    stream.begin("a", BeginImage.newBuilder());
    stream.tokens("a", Collections.nCopies(TOKENS, 3));
    assertThat(server.server().ended())
        .failsWithin(Duration.ofSeconds(60))
        .withThrowableThat()
        .withCauseInstanceOf(EngineStuck.class);
    assertThat(server.get("/livez").status()).isEqualTo(503);
    assertThat(server.get("/readyz").status()).isEqualTo(503);
    server.server().abandon();
    assertThat(stream.last("a").getError().getCode()).isEqualTo(Status.Code.UNAVAILABLE.value());
    device.release();
    server.close();
  }

  private RunningServer start(Duration drain) throws Exception {
    return RunningServer.start(device, RunningServer.LIMITS, RunningServer.SCHEDULING, drain);
  }
}
