package io.madit.server.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Memory of this process as the system counts it, native memory of libtorch included. */
final class ResidentMemory implements MeterBinder {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String FIELD = "VmRSS:";

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder("process.resident.memory", ResidentMemory::bytes)
        .description("Resident memory of the process")
        .baseUnit("bytes")
        .strongReference(true)
        .register(registry);
  }

  /** NaN where the system does not tell. */
  static double bytes() {
    try {
      return parse(Files.readAllLines(STATUS));
    } catch (IOException e) {
      return Double.NaN;
    }
  }

  /** Lines as "VmRSS: 51234 kB". */
  static double parse(List<String> status) {
    return status.stream()
        .filter(line -> line.startsWith(FIELD))
        .mapToDouble(
            line -> 1024 * Double.parseDouble(line.substring(FIELD.length()).replace("kB", "")))
        .findFirst()
        .orElse(Double.NaN);
  }
}
