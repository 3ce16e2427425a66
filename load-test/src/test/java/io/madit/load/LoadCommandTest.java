package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Against a real server in a process of its own, which asks for a token. */
class LoadCommandTest {
  private static final Path MODEL = Path.of("../server/src/test/resources/models/pico-buffer");

  @TempDir private static Path folder;
  private static Path token;
  private static ServerUnderTest server;
  private static int httpPort;

  @BeforeAll
  static void start() throws Exception {
    httpPort = ServerUnderTest.freePort();
    token = Files.writeString(folder.resolve("token"), "bench-token-0123456789\n");
    Path tokens = Files.writeString(folder.resolve("tokens"), "bench bench-token-0123456789\n");
    List<String> flags = new ArrayList<>(List.of("--model", MODEL.toString()));
    flags.addAll(List.of("--access-log", "off", "--http-port", "" + httpPort));
    flags.addAll(List.of("--auth-tokens", tokens.toString()));
    server = ServerUnderTest.start(flags, folder.resolve("server.log"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void stream_withoutEvents_drawsEveryPicture() throws Exception {
    JsonNode report = run("--stream", "--tokens-per-second=400", "--tokens-per-message=3");
    assertThat(report.at("/load/tally/counts/OK").asInt()).isEqualTo(20);
    assertThat(report.at("/stream/progress").asInt()).isZero();
    assertThat(report.at("/stream/previews").asInt()).isZero();
  }

  @Test
  void stream_withPreviews_countsThem() throws Exception {
    JsonNode report =
        run("--stream", "--tokens-per-second=400", "--progress", "--preview-every=2", "--rounds=8");
    assertThat(report.at("/stream/progress").asInt()).isPositive();
    assertThat(report.at("/stream/previews").asInt()).isPositive();
    assertThat(report.at("/stream/fromLastId/count").asInt()).isEqualTo(20);
    // The ids alone take a while: from the begin it must be longer than from the last id.
    assertThat(report.at("/load/tally/latency/p50").asDouble())
        .isGreaterThan(report.at("/stream/fromLastId/p50").asDouble());
  }

  @Test
  void trace_setsRoundsAndPriority() throws Exception {
    Path trace = Files.writeString(folder.resolve("trace.csv"), "0,4,high\n0.01,2,low\n0.02\n");
    JsonNode report = run("--trace=" + trace);
    assertThat(report.at("/load/tally/counts/OK").asInt()).isEqualTo(3);
  }

  @Test
  void report_showsTheServersMetricsBesideTheClients() throws Exception {
    Path page = folder.resolve("pages/report.html");
    JsonNode report =
        run("--server-metrics=http://127.0.0.1:" + httpPort + "/metrics", "--report=" + page);
    assertThat(report.at("/charts").findValuesAsText("title")).contains("Server: backlog");
    assertThat(report.at("/load/residentBytes").asLong()).isGreaterThan(10 << 20);
    assertThat(report.at("/load/clientShare").asDouble()).isBetween(0.0, 1.0);
    assertThat(page).content().contains("Load on " + server.address(), "<svg");
  }

  @Test
  void wrongMetricsAddress_isNoticedAtOnce() {
    assertThat(failure("--rate=1", "--token-file=" + token, "--server-metrics=localhost:1"))
        .isEqualTo("--server-metrics must begin with http:// or https://, is localhost:1");
  }

  @Test
  void withoutToken_isRefused() {
    assertThat(failure("--rate=1")).startsWith(server.address() + ": UNAUTHENTICATED");
    Path none = folder.resolve("none");
    assertThat(failure("--rate=1", "--token-file=" + none))
        .startsWith("--token-file " + none + " cannot be read");
  }

  @Test
  void noServer_isNamed() throws Exception {
    String nobody = "127.0.0.1:" + ServerUnderTest.freePort();
    assertThat(failure("--rate=1", "--server=" + nobody)).startsWith(nobody + ": UNAVAILABLE");
  }

  @Test
  void withoutRateAndTrace_isRefused() {
    assertThat(failure()).isEqualTo("--rate or --trace is needed");
  }

  /** What a load that cannot be run says. */
  private static String failure(String... more) {
    StringWriter errors = new StringWriter();
    CommandLine line = Bench.commandLine().setErr(new PrintWriter(errors));
    line.setOverwrittenOptionsAllowed(true);
    List<String> arguments = new ArrayList<>(List.of("load", "--server=" + server.address()));
    arguments.addAll(List.of(more));
    assertThat(line.execute(arguments.toArray(String[]::new))).isEqualTo(1);
    return errors.toString().strip().replaceFirst("^madit bench: ", "");
  }

  private static JsonNode run(String... more) throws Exception {
    Path json = folder.resolve("report.json");
    StringWriter out = new StringWriter();
    CommandLine line = Bench.commandLine().setOut(new PrintWriter(out));
    List<String> arguments =
        new ArrayList<>(
            List.of("load", "--server", server.address(), "--rate=50", "--arrivals=20"));
    arguments.addAll(List.of("--deadline-ms=60000", "--json=" + json, "--token-file=" + token));
    arguments.addAll(List.of(more));
    assertThat(line.execute(arguments.toArray(String[]::new))).isZero();
    assertThat(out.toString()).contains("counts {OK=");
    return new ObjectMapper().readTree(json.toFile());
  }
}
