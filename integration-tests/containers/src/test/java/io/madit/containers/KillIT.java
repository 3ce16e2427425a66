package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.NameResolverRegistry;
import io.madit.client.MaditClient;
import io.madit.client.Picture;
import io.madit.client.PictureOptions;
import io.madit.client.PictureStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code kill -9} of one of two replicas that a client uses in turn, and its orderly stop, as a
 * rolling upgrade does it.
 */
@Timeout(300)
class KillIT {
  private static final int[] IDS = IntStream.range(0, 16).toArray();
  private static final int PAINTERS = 8;
  private static final int PICTURES_BEFORE = 5;
  private static final int PICTURES_AFTER = 20;

  private final CountDownLatch busy = new CountDownLatch(PAINTERS);
  private final CountDownLatch gone = new CountDownLatch(1);

  @ParameterizedTest
  @CsvSource({"KILL, 137", "TERM, 0"})
  void replicaThatGoes_isNotSeen(String signal, int exitCode) throws Exception {
    try (Server one = Server.pico();
        Server two = Server.pico()) {
      one.start();
      two.start();
      Replicas replicas = new Replicas(one, two);
      NameResolverRegistry.getDefaultRegistry().register(replicas);
      ExecutorService threads = Executors.newFixedThreadPool(PAINTERS);
      try (MaditClient client = MaditClient.builder(Replicas.TARGET).build()) {
        List<CompletableFuture<Void>> painters = new ArrayList<>();
        for (int painter = 0; painter < PAINTERS; painter++) {
          boolean streams = painter % 2 == 0;
          painters.add(CompletableFuture.runAsync(() -> paint(client, streams), threads));
        }
        busy.await();
        assertThat(one.getLogs()).contains("Detokenize");
        assertThat(two.getLogs()).contains("Detokenize");
        one.signal(signal);
        assertThat(one.exitCode()).isEqualTo(exitCode);
        gone.countDown();
        for (CompletableFuture<Void> painter : painters) {
          painter.get(200, TimeUnit.SECONDS); // fails with what the client saw
        }
      } finally {
        threads.shutdownNow();
        NameResolverRegistry.getDefaultRegistry().deregister(replicas);
      }
    }
  }

  /** Draws before the signal, until the end of the replica, and after it. */
  private void paint(MaditClient client, boolean streams) {
    for (int picture = 0; picture < PICTURES_BEFORE; picture++) {
      draw(client, streams);
    }
    busy.countDown();
    while (gone.getCount() > 0) {
      draw(client, streams);
    }
    for (int picture = 0; picture < PICTURES_AFTER; picture++) {
      draw(client, streams);
    }
  }

  private static void draw(MaditClient client, boolean streams) {
    PictureOptions options = PictureOptions.defaults();
    assertThat((streams ? stream(client, options) : client.detokenize(IDS, options)).image())
        .satisfies(image -> assertThat(image.getWidth()).isEqualTo(64));
  }

  private static Picture stream(MaditClient client, PictureOptions options) {
    try (PictureStream stream = client.stream(options)) {
      stream.put(IDS);
      stream.finish();
      return stream.result();
    }
  }
}
