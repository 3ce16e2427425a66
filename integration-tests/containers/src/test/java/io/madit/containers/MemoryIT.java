package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.client.MaditClient;
import io.madit.client.PictureOptions;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A memory limit that the server cannot live within, and the restart with a larger one. */
@Timeout(300)
class MemoryIT {
  private static final int[] IDS = IntStream.range(0, 16).toArray();
  private static final long TOO_LITTLE = 128L << 20;
  private static final long ENOUGH = 768L << 20;
  private static final int KILLED = 128 + 9;

  @Test
  void tooLittleMemory_endsTheContainer_moreLetsItServe() {
    try (Server server = Server.pico().withMemory(TOO_LITTLE)) {
      server.awaitingTheEnd().start();
      assertThat(server.exitCode()).isEqualTo(KILLED);
      assertThat(server.getCurrentContainerInfo().getState().getOOMKilled()).isTrue();
    }
    try (Server server = Server.pico().withMemory(ENOUGH)) {
      server.start();
      try (MaditClient client = server.client()) {
        assertThat(client.detokenize(IDS, PictureOptions.defaults()).image().getWidth())
            .isEqualTo(64);
      }
    }
  }
}
