package io.madit.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.testing.Resources;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The process as a supervisor sees it. */
@Timeout(120)
class MainTest {
  private record Ended(int code, String output) {}

  private static Process start(String... flags) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Dlogback.configurationFile=logback.xml");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(flags));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static Ended run(String... flags) throws Exception {
    Process process = start(flags);
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), output);
  }

  @Test
  void unusableSettings_endWithTwoAndOneLine() throws Exception {
    assertThat(run("--tls-certificate=no-such-file", "--tls-key=neither"))
        .isEqualTo(
            new Ended(2, "madit serve: --tls-certificate, --tls-key no-such-file: no such file\n"));
    assertThat(run("--host=0.0.0.0"))
        .isEqualTo(
            new Ended(
                2,
                "madit serve: --host must be a loopback address without TLS, is 0.0.0.0; give"
                    + " --tls-certificate and --tls-key, or --insecure for plain text\n"));
  }

  @Test
  void terminatedWhileItStarts_endsInOrder() throws Exception {
    String model = Resources.path("models/pico-buffer").toString();
    Process process = start("--port=0", "--http-port=0", "--model=" + model);
    try (BufferedReader log = process.inputReader(UTF_8)) {
      String line = log.readLine();
      while (!line.contains("Loaded pico-buffer")) {
        line = log.readLine();
      }
      process.toHandle().destroy(); // during the warm-up, or just after it
      assertThat(log.lines()).noneMatch(rest -> rest.contains("SIGSEGV"));
    }
    assertThat(process.waitFor()).isIn(0, 143);
  }
}
