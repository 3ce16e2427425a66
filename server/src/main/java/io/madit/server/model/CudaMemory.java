package io.madit.server.model;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import java.lang.management.MemoryUsage;

/**
 * Memory of a CUDA device as the driver counts it: of all processes, libtorch's cache of freed
 * blocks included.
 *
 * @param usedBytes not free
 * @param limitBytes what the device has
 */
public record CudaMemory(long usedBytes, long limitBytes) {
  /**
   * Asks the driver. Needs libcudart where the dynamic linker finds it.
   *
   * @throws IllegalStateException when it is not found
   */
  public static CudaMemory of(TorchDevice device) {
    MemoryUsage usage = CudaUtils.getGpuMemory(Device.gpu(device.cudaIndex()));
    return new CudaMemory(usage.getUsed(), usage.getMax());
  }
}
