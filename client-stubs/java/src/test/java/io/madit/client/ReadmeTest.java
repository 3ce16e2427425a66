package io.madit.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
      assertThat(run(example, server)).contains("tree.png, 8 rounds");
    }
    assertThat(ImageIO.read(folder.resolve("tree.png").toFile()).getWidth()).isEqualTo(64);
  }

  /** With the names and the count of the models for tests. */
  @Test
  void completionExample_givesAPictureAndIds() throws Exception {
    String snippet =
        Arrays.stream(Files.readString(Path.of("README.md")).split("```"))
            .filter(block -> block.startsWith("java\n") && block.contains("withCompletion"))
            .findFirst()
            .orElseThrow()
            .substring("java\n".length())
            .replace("maskgil-nano", "pico-maskgil")
            .replace("64", "4");
    Path example = folder.resolve("Completion.java");
    Files.writeString(
        example,
        """
        import io.madit.client.*;
        import java.util.*;
        class Completion {
          public static void main(String[] arguments) {
            try (MaditClient client = MaditClient.connect()) {
              int[] ids = new int[16];
              PictureOptions options = PictureOptions.defaults().withSeed(7);
              %s
              System.out.println(picture.image().getWidth() + " pixels, " + whole.length + " ids");
            }
          }
        }
        """
            .formatted(snippet));
    try (RealServer server = new RealServer("--model", RealServer.bundle("pico-maskgil"))) {
      assertThat(run(example, server)).contains("64 pixels, 16 ids");
    }
  }

  /** What the example writes to the console, run in the folder. */
  private String run(Path example, RealServer server) throws Exception {
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
    return output;
  }
}
