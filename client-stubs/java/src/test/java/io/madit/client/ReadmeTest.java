package io.madit.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What README.md says to type works as it stands there. */
class ReadmeTest {
  @TempDir Path folder;

  @Test
  void firstExample_givesAPicture() throws Exception {
    Path example = Path.of("examples", "FirstPicture.java").toAbsolutePath();
    assertThat(Files.readString(Path.of("README.md")))
        .contains("```java\n" + Files.readString(example) + "```");
    Files.createSymbolicLink(folder.resolve("demo"), RealServer.ROOT.resolve("demo"));
    try (RealServer server = new RealServer()) {
      ProcessBuilder builder =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  example.toString())
              .directory(folder.toFile())
              .redirectErrorStream(true);
      builder.environment().put("MADIT_SERVER", server.address());
      Process process = builder.start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(output).contains("tree.png, 8 rounds");
    }
    assertThat(ImageIO.read(folder.resolve("tree.png").toFile()).getWidth()).isEqualTo(64);
  }
}
