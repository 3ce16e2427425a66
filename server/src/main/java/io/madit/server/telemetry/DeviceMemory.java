package io.madit.server.telemetry;

import com.sun.management.OperatingSystemMXBean;
import io.madit.server.model.CudaMemory;
import io.madit.server.model.TorchDevice;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.ManagementFactory;
import java.util.function.DoubleSupplier;

/**
 * Memory of the device that draws. The CPU's is that of this process, and its limit is the
 * container's or the machine's.
 */
final class DeviceMemory implements MeterBinder {
  private final TorchDevice device;

  DeviceMemory(TorchDevice device) {
    this.device = device;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    if (device.isCpu()) {
      OperatingSystemMXBean system =
          ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
      bind(registry, ResidentMemory::bytes, system::getTotalMemorySize);
    } else {
      bind(
          registry,
          () -> CudaMemory.of(device).usedBytes(),
          () -> CudaMemory.of(device).limitBytes());
    }
  }

  private void bind(MeterRegistry registry, DoubleSupplier used, DoubleSupplier limit) {
    gauge(registry, "madit.device.memory.used", "Memory in use on the device", used);
    gauge(registry, "madit.device.memory.limit", "Memory that the device has", limit);
  }

  private void gauge(MeterRegistry registry, String name, String text, DoubleSupplier bytes) {
    Gauge.builder(name, bytes, DoubleSupplier::getAsDouble)
        .description(text)
        .baseUnit("bytes")
        .tag("device", device.toString())
        .strongReference(true)
        .register(registry);
  }
}
