package io.madit.server.rpc;

import com.google.protobuf.ByteString;
import io.madit.v1.DataType;
import io.madit.v1.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Float tensors on the wire: raw little-endian data in row-major order. */
final class Tensors {
  private Tensors() {}

  /**
   * Reads a finite float tensor of exactly {@code shape}; -1 in the shape allows any size.
   *
   * @return null after a violation
   */
  static float[] read(Tensor tensor, String field, Violations violations, long... shape) {
    if (!fits(tensor.getShapeList(), shape)) {
      violations.add(field + ".shape", "must be " + text(shape), tensor.getShapeList());
      return null;
    }
    int width =
        switch (tensor.getDtype()) {
          case DATA_TYPE_FLOAT32 -> 4;
          case DATA_TYPE_FLOAT16, DATA_TYPE_BFLOAT16 -> 2;
          default -> 0;
        };
    if (width == 0) {
      violations.add(
          field + ".dtype", "must be FLOAT32, FLOAT16 or BFLOAT16", tensor.getDtypeValue());
      return null;
    }
    long count =
        tensor.getShapeList().stream()
            .mapToLong(Integer::toUnsignedLong)
            .reduce(1, (a, b) -> a * b);
    if (tensor.getData().size() != count * width) {
      violations.add(
          field + ".data", "must have " + count * width + " bytes", tensor.getData().size());
      return null;
    }
    float[] values = decode(tensor, width);
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        violations.add(field + ".data", "must be finite, value " + i, values[i]);
        return null;
      }
    }
    return values;
  }

  private static boolean fits(List<Integer> given, long[] shape) {
    if (given.size() != shape.length) {
      return false;
    }
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] >= 0 && Integer.toUnsignedLong(given.get(i)) != shape[i]) {
        return false;
      }
    }
    return true;
  }

  private static String text(long[] shape) {
    List<String> sizes = new ArrayList<>();
    for (long size : shape) {
      sizes.add(size < 0 ? "*" : Long.toString(size));
    }
    return sizes.toString();
  }

  private static float[] decode(Tensor tensor, int width) {
    ByteBuffer data = tensor.getData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[data.remaining() / width];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (tensor.getDtype()) {
            case DATA_TYPE_FLOAT32 -> data.getFloat();
            case DATA_TYPE_BFLOAT16 -> Float.intBitsToFloat(data.getShort() << 16);
            default -> half(data.getShort());
          };
    }
    return values;
  }

  /** IEEE 754 binary16. */
  private static float half(short bits) {
    int sign = bits & 0x8000;
    int exponent = (bits >> 10) & 0x1F;
    int mantissa = bits & 0x3FF;
    if (exponent == 0) {
      float value = mantissa * 0x1p-24f;
      return sign == 0 ? value : -value;
    }
    int wide = exponent == 31 ? 255 : exponent + 112;
    return Float.intBitsToFloat(sign << 16 | wide << 23 | mantissa << 13);
  }

  static Tensor float32(float[] values, int... shape) {
    ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(values);
    Tensor.Builder tensor =
        Tensor.newBuilder().setDtype(DataType.DATA_TYPE_FLOAT32).setData(ByteString.copyFrom(data));
    for (int size : shape) {
      tensor.addShape(size);
    }
    return tensor.build();
  }
}
