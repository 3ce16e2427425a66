package io.madit.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The process as a supervisor sees it. */
class MainTest {
  private record Ended(int code, String output) {}

  private static Ended run(String... flags) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of(flags));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
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
}
