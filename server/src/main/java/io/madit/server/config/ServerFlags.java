package io.madit.server.config;

import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/**
 * The command line. Each flag is also an environment variable: {@code --http-port} is {@code
 * MADIT_HTTP_PORT}; a flag wins.
 */
@Command(
    name = "madit serve",
    description = "Serves models over gRPC.",
    sortOptions = false,
    showDefaultValues = true,
    footer = "Each flag is also an environment variable: --http-port is MADIT_HTTP_PORT.")
public final class ServerFlags {
  @Option(names = "--host", defaultValue = "127.0.0.1", description = "address to listen on")
  private String host;

  @Option(names = "--port", defaultValue = "8500", description = "gRPC port; 0: a free one")
  private int port;

  @Option(
      names = "--http-port",
      defaultValue = "8501",
      description = "port of /metrics, /livez and /readyz; 0: a free one")
  private int httpPort;

  @Option(
      names = "--model",
      arity = "1..*",
      split = ",",
      paramLabel = "DIR",
      defaultValue = "models/madit-nano",
      description = "bundle folders; the first is the default model")
  private List<Path> models;

  @Option(names = "--device", defaultValue = "cpu", description = "cpu or cuda:N")
  private String device;

  @Option(
      names = "--precision",
      defaultValue = "auto",
      description = "float32, bfloat16 or auto (measures at start-up)")
  private String precision;

  @Option(
      names = "--threads",
      description = "CPU threads of libtorch; default: processors - 1, at least 1")
  private Integer threads;

  @Option(
      names = "--max-message-bytes",
      defaultValue = "33554432",
      description = "bytes of one incoming message")
  private int maxMessageBytes;

  @Option(
      names = "--drain-seconds",
      defaultValue = "30",
      description = "time for admitted pictures after a shutdown has begun")
  private long drainSeconds;

  @Option(
      names = "--tracing",
      paramLabel = "on|off",
      defaultValue = "off",
      description = "send OpenTelemetry spans; OTEL_* variables say where to and how many")
  private OnOff tracing;

  @Option(
      names = "--access-log",
      paramLabel = "on|off",
      defaultValue = "on",
      description = "write a JSON line per request to standard output")
  private OnOff accessLog;

  @Option(
      names = "--channelz",
      paramLabel = "on|off",
      defaultValue = "off",
      description = "serve the state of connections to grpcdebug")
  private OnOff channelz;

  @Mixin private ConnectionFlags connections;
  @Mixin private SecurityFlags security;
  @Mixin private LimitsFlags limits;
  @Mixin private SchedulingFlags scheduling;

  @Option(names = "--help", usageHelp = true, description = "show this and exit")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  private ServerFlags() {}

  /**
   * Reads flags and environment.
   *
   * @return nothing when help was asked for, which has then been printed
   * @throws ConfigException naming the flag, its bound and the given value
   */
  public static Optional<ServerConfig> parse(String[] arguments, Map<String, String> environment)
      throws ConfigException {
    ServerFlags flags = new ServerFlags();
    CommandLine line = new CommandLine(flags);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setDefaultValueProvider(argument -> environment.get(variable(argument)));
    try {
      line.parseArgs(arguments);
      if (line.isUsageHelpRequested()) {
        line.usage(System.out);
        return Optional.empty();
      }
      return Optional.of(flags.config());
    } catch (CommandLine.ParameterException | IllegalArgumentException e) {
      throw new ConfigException(e.getMessage());
    }
  }

  static String variable(ArgSpec argument) {
    String flag = ((OptionSpec) argument).longestName();
    return "MADIT_" + flag.substring(2).toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private ServerConfig config() {
    Duration drain = Duration.ofSeconds(drainSeconds);
    int processors = Runtime.getRuntime().availableProcessors();
    return new ServerConfig(
        new NetworkConfig(host, port, httpPort, maxMessageBytes, connections.config(drain)),
        security.config(host),
        new ModelConfig(
            models,
            TorchDevice.parse(device),
            PrecisionChoice.parse(precision),
            threads == null ? Math.max(1, processors - 1) : threads),
        limits.config(),
        scheduling.config(),
        new ObservabilityConfig(tracing.isOn(), accessLog.isOn(), channelz.isOn()),
        drain);
  }
}
