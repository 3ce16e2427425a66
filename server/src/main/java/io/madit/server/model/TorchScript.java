package io.madit.server.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A loaded TorchScript module and the manager that all its arrays hang from. Belongs to one thread.
 *
 * <p>Arrays made from Java memory alias it for as long as the Java array object lives, so no script
 * may return an input or a view of one; every entry point of a bundle returns fresh tensors.
 */
final class TorchScript implements AutoCloseable {
  private static final Pattern OUT_OF_MEMORY =
      Pattern.compile("out of memory|can't allocate memory");
  private static final Pattern DEVICE_BROKEN =
      Pattern.compile(
          "cuda error|device-side assert|illegal memory access|cublas_status|cudnn_status");

  private final PtNDManager manager;
  private final PtSymbolBlock block;
  private final Set<String> methods;

  /** Loads the file onto the device, wherever its tensors were saved. */
  TorchScript(NDManager parent, Path file, Device device) {
    manager = (PtNDManager) parent.newSubManager(device);
    try {
      block = JniUtils.loadModule(manager, file, true, new String[0], new String[0], false);
      methods = Arrays.stream(JniUtils.getMethodNames(block)).collect(Collectors.toSet());
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  boolean has(String method) {
    return methods.contains(method);
  }

  /** A manager for arrays of one call or of one session. */
  PtNDManager scope() {
    return (PtNDManager) manager.newSubManager();
  }

  /** Calls a method that returns one tensor, which will belong to {@code scope}. */
  PtNDArray tensor(PtNDManager scope, String method, IValue... arguments) {
    return call(method, result -> result.toTensor(scope), arguments);
  }

  /** Calls a method for its effect. */
  void run(String method, IValue... arguments) {
    call(method, result -> null, arguments);
  }

  /** Closes the arguments in any case. */
  private <T> T call(String method, Function<IValue, T> read, IValue... arguments) {
    try (IValue result = IValueUtils.runMethod(block, method, arguments)) {
      return read.apply(result);
    } catch (RuntimeException e) {
      throw failure(method, e);
    } finally {
      for (IValue argument : arguments) {
        argument.close();
      }
    }
  }

  /** libtorch's own types are lost on the way; only the text is left. */
  static RuntimeFailure failure(String method, RuntimeException cause) {
    String text = String.valueOf(cause.getMessage());
    String lower = text.toLowerCase(Locale.ROOT);
    RuntimeFailure.Kind kind = RuntimeFailure.Kind.SCRIPT;
    if (OUT_OF_MEMORY.matcher(lower).find()) {
      kind = RuntimeFailure.Kind.OUT_OF_MEMORY;
    } else if (DEVICE_BROKEN.matcher(lower).find()) {
      kind = RuntimeFailure.Kind.DEVICE_BROKEN;
    }
    return new RuntimeFailure(kind, method + ": " + text, cause);
  }

  static IValue tensor(NDArray array) {
    return IValue.from((PtNDArray) array);
  }

  static NDArray int64(NDManager scope, int[] values) {
    long[] wide = Arrays.stream(values).asLongStream().toArray();
    return scope.create(wide, new Shape(wide.length));
  }

  static NDArray uint8(NDManager scope, byte[] values, Shape shape) {
    ByteBuffer direct = scope.allocateDirect(values.length);
    direct.put(values).rewind();
    return scope.create(direct, shape, DataType.UINT8);
  }

  @Override
  public void close() {
    block.close();
    manager.close();
  }
}
