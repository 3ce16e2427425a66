package io.madit.server.model;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads bundles into libtorch. The first load initialises libtorch, which must happen on the engine
 * thread: gradients are switched off and OpenMP workers are made for that thread only.
 */
public final class DjlRuntimeLoader implements RuntimeLoader {
  private static final Logger LOG = LoggerFactory.getLogger(DjlRuntimeLoader.class);
  private static final String THREADS = "ai.djl.pytorch.num_threads";
  private static final String INTEROP_THREADS = "ai.djl.pytorch.num_interop_threads";

  private static final int PROBE_REPEATS = 4;
  private static final int PROBE_TRIALS = 3;

  /** bfloat16 costs accuracy, so it must be clearly faster. */
  private static final double WORTHWHILE = 0.8;

  private final TorchDevice device;
  private final PrecisionChoice precision;

  public DjlRuntimeLoader(TorchDevice device, PrecisionChoice precision) {
    this.device = device;
    this.precision = precision;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException when the device is absent
   */
  @Override
  public ModelRuntime load(Bundle bundle) throws BundleException {
    Engine engine = initialise();
    Device where = device.isCpu() ? Device.cpu() : Device.gpu(device.cudaIndex());
    NDManager host = engine.newBaseManager(Device.cpu());
    TorchScript script = null;
    try {
      script = open(bundle, host, where);
      new ScriptChecks(script, bundle.manifest()).run();
      Precision chosen =
          precision.fixed().isPresent() ? precision.fixed().get() : measure(script, bundle);
      script.run("use_precision", IValue.from(chosen.scriptName()));
      LOG.info("Loaded {} on {} in {}", bundle, device, chosen.scriptName());
      return new DjlRuntime(bundle.manifest(), script, host, chosen, device.toString());
    } catch (BundleException | RuntimeException e) {
      if (script != null) {
        script.close();
      }
      host.close();
      throw e;
    }
  }

  private Engine initialise() {
    // Read once, when libtorch starts. One core stays free for the network and for picture files; a
    // container's CPU quota
    // is known to the JVM but not to libtorch.
    setDefault(THREADS, Math.max(1, Runtime.getRuntime().availableProcessors() - 1));
    setDefault(INTEROP_THREADS, 1);
    Engine engine = Engine.getEngine("PyTorch");
    if (!device.isCpu()) {
      requireCuda(engine);
      // The fuser would compile anew for each batch shape. The switch is per thread.
      JniUtils.setGraphExecutorOptimize(false);
    }
    return engine;
  }

  private static void setDefault(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }

  private void requireCuda(Engine engine) {
    if (!engine.hasCapability("CUDA")) {
      throw new IllegalStateException(
          "device " + device + " asked for, but this libtorch or machine has no CUDA");
    }
    if (device.cudaIndex() >= engine.getGpuCount()) {
      throw new IllegalStateException(
          "device " + device + " asked for, but there are " + engine.getGpuCount() + " GPUs");
    }
  }

  private static TorchScript open(Bundle bundle, NDManager host, Device where)
      throws BundleException {
    try {
      return new TorchScript(host, bundle.modelFile(), where);
    } catch (EngineException e) {
      throw new BundleException(Bundle.MODEL, "cannot be loaded: " + e.getMessage());
    }
  }

  /**
   * Times one layer at the size of one session in both precisions; machines differ too much for a
   * fixed choice.
   */
  private Precision measure(TorchScript script, Bundle bundle) {
    if (!script.has("probe_precision")) {
      return Precision.FLOAT32;
    }
    double exact = seconds(script, bundle, Precision.FLOAT32);
    double half = seconds(script, bundle, Precision.BFLOAT16);
    LOG.info(
        "Layer of {} on {}: float32 {} ms, bfloat16 {} ms",
        bundle,
        device,
        "%.2f".formatted(1e3 * exact),
        "%.2f".formatted(1e3 * half));
    return half < WORTHWHILE * exact ? Precision.BFLOAT16 : Precision.FLOAT32;
  }

  private static double seconds(TorchScript script, Bundle bundle, Precision precision) {
    Manifest manifest = bundle.manifest();
    int rows = manifest.slots() + manifest.grid().patches();
    double best = Double.POSITIVE_INFINITY;
    for (int trial = 0; trial <= PROBE_TRIALS; trial++) {
      long begin = System.nanoTime();
      try (PtNDManager scope = script.scope()) {
        // Reading a value waits for the device.
        script
            .tensor(
                scope,
                "probe_precision",
                IValue.from(precision.scriptName()),
                IValue.from((long) rows),
                IValue.from((long) PROBE_REPEATS))
            .getFloat(0, 0);
      }
      double elapsed = (System.nanoTime() - begin) * 1e-9;
      if (trial > 0) { // the first call compiles
        best = Math.min(best, elapsed);
      }
    }
    return best;
  }
}
