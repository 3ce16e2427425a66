package io.madit.server.config;

import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import java.nio.file.Path;
import java.util.List;

/**
 * What is served and where it runs.
 *
 * @param folders bundles; the first is the default model
 * @param threads of libtorch on the CPU
 */
public record ModelConfig(
    List<Path> folders, TorchDevice device, PrecisionChoice precision, int threads) {
  public ModelConfig {
    folders = List.copyOf(folders);
    Ranges.require("--model", folders.size(), 1, 64);
    Ranges.require("--threads", threads, 1, 1024);
  }
}
