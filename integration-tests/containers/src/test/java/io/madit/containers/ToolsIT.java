package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.client.MaditClient;
import io.madit.client.PictureOptions;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Other people's tools, unpatched, against the container. {@code tools} installs them. */
@Timeout(900)
class ToolsIT {
  private static final int[] IDS = IntStream.range(0, 16).toArray();
  private static final String USE_TOOLS =
      "tools=$(integration-tests/containers/tools); PATH=$tools/bin:$PATH\n";

  // float32, because only that is promised to be the same each time.
  private static final Server SERVER =
      Server.pico().with("--precision", "float32", "--reflection", "on");

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private String run(String commands) throws Exception {
    try (Checkout checkout = new Checkout(folder)) {
      return checkout.run(SERVER, USE_TOOLS + commands);
    }
  }

  @Test
  void grpcurl_listsAndChecks() throws Exception {
    assertThat(run("grpcurl -plaintext $MADIT_SERVER list"))
        .contains("madit.v1.VisualTokenService", "inference.GRPCInferenceService");
    assertThat(run("grpcurl -plaintext $MADIT_SERVER grpc.health.v1.Health/Check"))
        .contains("\"SERVING\"");
  }

  @Test
  void grpcurl_draws() throws Exception {
    String request =
        """
        {"visual": {"tokenIds": {"ids": [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]}},
         "sampling": {"seed": "7"}, "output": {"format": "OUTPUT_FORMAT_PNG"}}
        """;
    String call = "grpcurl -plaintext -d '%s' $MADIT_SERVER madit.v1.VisualTokenService/Detokenize";
    Matcher data = Pattern.compile("\"data\": \"([^\"]+)\"").matcher(run(call.formatted(request)));
    assertThat(data.find()).isTrue();
    byte[] file = Base64.getDecoder().decode(data.group(1));
    try (MaditClient client = SERVER.client()) {
      Pixels.assertAlike(
          Pixels.rgb(ImageIO.read(new ByteArrayInputStream(file))),
          Pixels.rgb(client.detokenize(IDS, PictureOptions.defaults().withSeed(7)).image()));
    }
  }

  @Test
  void tritonclient_drawsThePixelsOfOurApi() throws Exception {
    assertThat(
            run(
                "python integration-tests/clients/tritonclient_infer.py"
                    + " --server $MADIT_SERVER --model pico-buffer"))
        .contains("ok: ModelInfer gives the pixels of our own API");
  }

  @Test
  void perfAnalyzer_finishesASweep() throws Exception {
    assertThat(
            run(
                """
                python integration-tests/perf-analyzer/input_data.py --tokens 16 --codebook 64 > ids.json
                CONCURRENCY="1 2 4" REQUESTS=32 \\
                  integration-tests/perf-analyzer/sweep $MADIT_SERVER pico-buffer ids.json
                """))
        .contains("Concurrency: 4, throughput: ");
  }
}
