package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.client.MaditClient;
import io.madit.client.PictureOptions;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.testcontainers.containers.Container.ExecResult;

/** What the server can do to its surroundings, and they to it. */
@Timeout(300)
class ConfinementIT {
  private static final int[] IDS = IntStream.range(0, 16).toArray();
  private static final long LITTLE_MEMORY = 512L << 20;

  @Test
  void server_hasNoRights_andDraws() throws Exception {
    try (Server server = Server.pico()) {
      server.start();
      assertThat(server.execInContainer("id", "-u").getStdout()).isEqualTo("10001\n");
      assertThat(server.execInContainer("grep", "CapEff", "/proc/1/status").getStdout())
          .isEqualTo("CapEff:\t0000000000000000\n");
      for (String folder : List.of("/opt/madit", "/models", "/")) {
        ExecResult touched = server.execInContainer("touch", folder + "/file");
        assertThat(touched.getExitCode()).isNotZero();
        assertThat(touched.getStderr()).contains("Read-only file system");
      }
      try (MaditClient client = server.client()) {
        assertThat(client.detokenize(IDS, PictureOptions.defaults()).image().getWidth())
            .isEqualTo(64);
      }
    }
  }

  @Test
  void littleMemory_isEnoughForManyPictures() {
    try (Server server = Server.pico().withMemory(LITTLE_MEMORY)) {
      server.start();
      try (MaditClient client = server.client()) {
        assertThat(
                IntStream.range(0, 64)
                    .parallel()
                    .mapToObj(seed -> PictureOptions.defaults().withSeed(seed))
                    .map(options -> client.detokenize(IDS, options).image().getHeight()))
            .containsOnly(64);
      }
      assertThat(server.getCurrentContainerInfo().getState().getOOMKilled()).isFalse();
      assertThat(server.isRunning()).isTrue();
    }
  }
}
