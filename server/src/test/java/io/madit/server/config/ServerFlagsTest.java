package io.madit.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.engine.Batching;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerFlagsTest {
  private static ServerConfig parse(String... arguments) throws ConfigException {
    return ServerFlags.parse(arguments, Map.of()).orElseThrow();
  }

  @Test
  void parse_defaults() throws Exception {
    ServerConfig config = parse();
    assertThat(config.network())
        .isEqualTo(new NetworkConfig("0.0.0.0", 8500, 8501, 32 << 20, Duration.ofMinutes(30)));
    assertThat(config.model().folders()).containsExactly(Path.of("models/madit-nano"));
    assertThat(config.model().device()).isEqualTo(TorchDevice.CPU);
    assertThat(config.model().precision()).isEqualTo(PrecisionChoice.AUTO);
    assertThat(config.model().threads())
        .isEqualTo(Math.max(1, Runtime.getRuntime().availableProcessors() - 1));
    assertThat(config.limits())
        .isEqualTo(
            new LimitsConfig(
                256,
                256,
                32,
                Duration.ofMinutes(2),
                2L << 30,
                4096,
                16 << 20,
                Duration.ofMinutes(1)));
    assertThat(config.scheduling())
        .isEqualTo(
            new SchedulingConfig(
                Batching.CONTINUOUS, Duration.ofSeconds(10), true, Duration.ofMinutes(5)));
    assertThat(config.observability()).isEqualTo(new ObservabilityConfig(false, true, false));
    assertThat(config.drain()).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void parse_everyFlag() throws Exception {
    ServerConfig config =
        parse(
            "--host=127.0.0.1",
            "--port=1",
            "--http-port=2",
            "--model=a,b",
            "--device=cuda:3",
            "--precision=bfloat16",
            "--threads=5",
            "--max-pictures=6",
            "--max-pictures-per-client=4",
            "--max-pictures-per-stream=7",
            "--max-backlog-seconds=13",
            "--max-state-bytes=2000000",
            "--tokens-timeout-ms=14",
            "--batching=whole-request",
            "--aging-seconds=15",
            "--check-deadlines=false",
            "--stuck-seconds=16",
            "--max-packed-rows=8",
            "--max-picture-pixels=2048",
            "--max-message-bytes=100000",
            "--max-connection-age-seconds=11",
            "--tracing=on",
            "--access-log=off",
            "--channelz=ON",
            "--drain-seconds=12");
    assertThat(config)
        .isEqualTo(
            new ServerConfig(
                new NetworkConfig("127.0.0.1", 1, 2, 100_000, Duration.ofSeconds(11)),
                new ModelConfig(
                    java.util.List.of(Path.of("a"), Path.of("b")),
                    new TorchDevice(3),
                    PrecisionChoice.BFLOAT16,
                    5),
                new LimitsConfig(
                    6, 4, 7, Duration.ofSeconds(13), 2_000_000, 8, 2048, Duration.ofMillis(14)),
                new SchedulingConfig(
                    Batching.WHOLE_REQUEST, Duration.ofSeconds(15), false, Duration.ofSeconds(16)),
                new ObservabilityConfig(true, false, true),
                Duration.ofSeconds(12)));
  }

  @Test
  void parse_environmentUnderFlags() throws Exception {
    Map<String, String> environment =
        Map.of("MADIT_HTTP_PORT", "77", "MADIT_PORT", "78", "MADIT_MODEL", "x,y");
    ServerConfig config =
        ServerFlags.parse(new String[] {"--port", "5"}, environment).orElseThrow();
    assertThat(config.network().httpPort()).isEqualTo(77);
    assertThat(config.network().port()).isEqualTo(5);
    assertThat(config.model().folders()).containsExactly(Path.of("x"), Path.of("y"));
  }

  @ParameterizedTest
  @CsvSource({
    "--port=70000, --port must be 0 to 65535",
    "--port=x, '--port'",
    "--device=tpu, 'device must be cpu or cuda:N, is tpu'",
    "--precision=int4, 'precision must be'",
    "--threads=0, --threads must be 1 to 1024",
    "--max-pictures=0, --max-pictures must be",
    "--tracing=yes, '--tracing'",
    "--drain-seconds=-1, --drain-seconds must be",
    "--unknown=1, Unknown option"
  })
  void parse_namesWhatIsWrong(String argument, String message) {
    assertThatThrownBy(() -> parse(argument))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }
}
