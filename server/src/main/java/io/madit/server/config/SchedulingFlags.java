package io.madit.server.config;

import io.madit.server.engine.Batching;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Flags of {@link SchedulingConfig}. */
final class SchedulingFlags {
  @Option(
      names = "--batching",
      paramLabel = "continuous|whole-request",
      converter = BatchingConverter.class,
      defaultValue = "continuous",
      description = "whole-request: pictures join only when all before them are done; to compare")
  private Batching batching;

  @Option(
      names = "--aging-seconds",
      defaultValue = "10",
      description = "after which a waiting picture moves up one priority class")
  private long agingSeconds;

  @Option(
      names = "--check-deadlines",
      arity = "1",
      paramLabel = "true|false",
      defaultValue = "true",
      description = "refuse pictures at the door that would be late")
  private boolean checkDeadlines;

  @Option(
      names = "--stuck-seconds",
      defaultValue = "300",
      description = "a round that takes longer has hung: the process ends with 1")
  private long stuckSeconds;

  SchedulingConfig config() {
    return new SchedulingConfig(
        batching,
        Duration.ofSeconds(agingSeconds),
        checkDeadlines,
        Duration.ofSeconds(stuckSeconds));
  }

  private static final class BatchingConverter implements ITypeConverter<Batching> {
    @Override
    public Batching convert(String value) {
      return switch (value.toLowerCase(Locale.ROOT)) {
        case "continuous" -> Batching.CONTINUOUS;
        case "whole-request" -> Batching.WHOLE_REQUEST;
        default ->
            throw new TypeConversionException("must be continuous or whole-request, is " + value);
      };
    }
  }
}
