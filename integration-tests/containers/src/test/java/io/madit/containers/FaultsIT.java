package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.client.MaditClient;
import io.madit.client.Picture;
import io.madit.client.PictureOptions;
import io.madit.client.PictureStream;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A bad line between the client and the container. */
@Timeout(300)
class FaultsIT {
  private static final int[] IDS = IntStream.range(0, 16).toArray();
  private static final PictureOptions OPTIONS = PictureOptions.defaults().withSeed(7);

  // float32, because only that is promised to be the same each time.
  private static final Server SERVER = Server.pico().with("--precision", "float32");
  private static int[] expected;

  private FaultyProxy proxy;
  private MaditClient client;

  @BeforeAll
  static void start() {
    SERVER.start();
    expected = direct();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @BeforeEach
  void connect() throws Exception {
    proxy = new FaultyProxy(SERVER);
    client = MaditClient.builder(proxy.address()).build();
  }

  @AfterEach
  void disconnect() throws Exception {
    client.close();
    proxy.close();
  }

  private static int[] direct() {
    try (MaditClient other = SERVER.client()) {
      return Pixels.rgb(other.detokenize(IDS, OPTIONS).image());
    }
  }

  private void assertSame(Picture picture) {
    Pixels.assertAlike(Pixels.rgb(picture.image()), expected);
  }

  private CompletableFuture<Picture> later() {
    return CompletableFuture.supplyAsync(() -> client.detokenize(IDS, OPTIONS));
  }

  @Test
  void stalledRequest_isAnsweredWhenItArrives_othersDoNotWait() throws Exception {
    client.models();
    proxy.requests().shut();
    CompletableFuture<Picture> stalled = later();
    proxy.requests().awaitWaiting();
    Pixels.assertAlike(direct(), expected);
    assertThat(stalled).isNotDone();
    proxy.requests().open();
    assertSame(stalled.get(60, TimeUnit.SECONDS));
  }

  @Test
  void clientThatDoesNotRead_getsItsPictureLater_othersDoNotWait() throws Exception {
    client.models();
    proxy.answers().shut();
    CompletableFuture<Picture> unread = later();
    proxy.answers().awaitWaiting();
    Pixels.assertAlike(direct(), expected);
    assertThat(unread).isNotDone();
    proxy.answers().open();
    assertSame(unread.get(60, TimeUnit.SECONDS));
  }

  @Test
  void cutWhileDrawing_isNotSeen() throws Exception {
    client.models();
    proxy.answers().shut();
    CompletableFuture<Picture> broken = later();
    proxy.answers().awaitWaiting();
    proxy.cut();
    proxy.answers().open();
    assertSame(broken.get(60, TimeUnit.SECONDS));
  }

  @Test
  void cutAmongTheIds_isNotSeen() {
    try (PictureStream stream = client.stream(OPTIONS)) {
      stream.put(Arrays.copyOf(IDS, 8));
      assertThat(stream.hasNext()).isTrue();
      proxy.cut();
      stream.put(Arrays.copyOfRange(IDS, 8, 16));
      stream.finish();
      assertSame(stream.result());
    }
  }
}
