package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first example of each client's README, typed as it stands there, against the container. */
@Timeout(900)
class ReadmesIT {
  private static final double DECIBELS = 20;
  private static final String START = "./madit serve &\n";

  private static final Server SERVER = Server.nano();

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"java", "python", "go", "typescript"})
  void firstExample_givesThePicture(String client) throws Exception {
    String readme = Files.readString(Server.ROOT.resolve("client-stubs/" + client + "/README.md"));
    String typed = readme.split("```sh\n", 2)[1].split("```", 2)[0];
    assertThat(typed).startsWith(START);
    // The server is there already; and Maven, which runs this, has built the Java client.
    String commands = typed.replace(START, "").replaceAll("(?m)^mvn .*\n", "");
    try (Checkout checkout = new Checkout(folder)) {
      checkout.run(SERVER, commands);
    }
    Path original = Server.ROOT.resolve(Path.of("demo", "pictures", "tree.png"));
    assertThat(
            Pixels.psnr(
                ImageIO.read(folder.resolve("tree.png").toFile()), ImageIO.read(original.toFile())))
        .isGreaterThan(DECIBELS);
  }
}
