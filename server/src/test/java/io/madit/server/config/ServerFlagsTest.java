package io.madit.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.madit.server.config.TlsConfig.ClientAuth;
import io.madit.server.engine.Batching;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
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
        .isEqualTo(new NetworkConfig("127.0.0.1", 8500, 8501, 32 << 20, ConnectionConfig.DEFAULT));
    assertThat(config.security()).isEqualTo(SecurityConfig.LOCAL);
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
            "--max-metadata-bytes=3000",
            "--max-concurrent-streams=21",
            "--keep-alive-seconds=22",
            "--keep-alive-timeout-seconds=23",
            "--permit-keep-alive-seconds=24",
            "--max-connection-idle-seconds=25",
            "--max-connection-age-seconds=11",
            "--max-connection-age-grace-seconds=26",
            "--tls-certificate=c",
            "--tls-key=k",
            "--tls-client-ca=a",
            "--tls-client-auth=optional",
            "--auth-tokens=t",
            "--reflection=on",
            "--tracing=on",
            "--access-log=off",
            "--channelz=ON",
            "--drain-seconds=12");
    assertThat(config)
        .isEqualTo(
            new ServerConfig(
                new NetworkConfig(
                    "127.0.0.1",
                    1,
                    2,
                    100_000,
                    new ConnectionConfig(
                        3000,
                        21,
                        Duration.ofSeconds(22),
                        Duration.ofSeconds(23),
                        Duration.ofSeconds(24),
                        Duration.ofSeconds(25),
                        Duration.ofSeconds(11),
                        Duration.ofSeconds(26))),
                new SecurityConfig(
                    Optional.of(
                        new TlsConfig(
                            Path.of("c"),
                            Path.of("k"),
                            Optional.of(Path.of("a")),
                            ClientAuth.OPTIONAL)),
                    Optional.of(Path.of("t")),
                    false,
                    true),
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

  @Test
  void parse_plainTextBeyondThisMachine_mustBeAskedFor() throws Exception {
    ServerConfig config = parse("--host=0.0.0.0", "--insecure");
    assertThat(config.security())
        .isEqualTo(new SecurityConfig(Optional.empty(), Optional.empty(), true, false));
    assertThatThrownBy(() -> parse("--insecure", "--tls-certificate=c", "--tls-key=k"))
        .hasMessageContaining("--insecure asks for plain text");
  }

  @Test
  void parse_reflection_isOnForPlainLocalUseOnly() throws Exception {
    assertThat(parse("--host=localhost").security().reflection()).isTrue();
    assertThat(parse("--auth-tokens=t").security().reflection()).isFalse();
    assertThat(parse("--tls-certificate=c", "--tls-key=k").security().reflection()).isFalse();
    assertThat(parse("--host=::", "--insecure", "--reflection=on").security().reflection())
        .isTrue();
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
    "--host=0.0.0.0, '--host must be a loopback address without TLS, is 0.0.0.0'",
    "--host=no.such.name.invalid, --host must be an address or a known name",
    "--tls-certificate=c, '--tls-certificate needs --tls-key'",
    "--tls-client-ca=c, '--tls-client-ca needs --tls-certificate'",
    "--tls-client-auth=optional, '--tls-client-auth needs --tls-client-ca'",
    "--tls-client-auth=x, 'expected one of [REQUIRE, OPTIONAL]'",
    "--channelz=yes, 'expected one of [ON, OFF]'",
    "--max-metadata-bytes=5, --max-metadata-bytes must be 1024 to 1048576",
    "--unknown=1, Unknown option"
  })
  void parse_namesWhatIsWrong(String argument, String message) {
    assertThatThrownBy(() -> parse(argument))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }
}
