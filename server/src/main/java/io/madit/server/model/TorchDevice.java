package io.madit.server.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a model runs.
 *
 * @param cudaIndex index of the CUDA device, or -1 for the CPU
 */
public record TorchDevice(int cudaIndex) {
  /** The CPU. */
  public static final TorchDevice CPU = new TorchDevice(-1);

  private static final Pattern CUDA = Pattern.compile("cuda:(\\d{1,3})");

  /** Parses the setting {@code cpu | cuda:N}. */
  public static TorchDevice parse(String text) {
    if (text.equals("cpu")) {
      return CPU;
    }
    Matcher matcher = CUDA.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("device must be cpu or cuda:N, is " + text);
    }
    return new TorchDevice(Integer.parseInt(matcher.group(1)));
  }

  /** Whether libtorch computes on the processor. */
  public boolean isCpu() {
    return cudaIndex < 0;
  }

  @Override
  public String toString() {
    return isCpu() ? "cpu" : "cuda:" + cudaIndex;
  }
}
