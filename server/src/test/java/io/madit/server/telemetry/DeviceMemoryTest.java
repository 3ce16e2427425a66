package io.madit.server.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.model.TorchDevice;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class DeviceMemoryTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private double value(String name, String device) {
    return registry.get(name).tag("device", device).gauge().value();
  }

  @Test
  void cpu_isThisProcessWithinTheMachine() {
    new DeviceMemory(TorchDevice.CPU).bindTo(registry);
    double used = value("madit.device.memory.used", "cpu");
    assertThat(used).isPositive().isLessThan(value("madit.device.memory.limit", "cpu"));
  }

  @Test
  void cuda_withoutTheDevice_isNotANumber() {
    TorchDevice absent = TorchDevice.parse("cuda:999");
    new DeviceMemory(absent).bindTo(registry);
    assertThat(value("madit.device.memory.used", "cuda:999")).isNaN();
    assertThat(value("madit.device.memory.limit", "cuda:999")).isNaN();
  }
}
