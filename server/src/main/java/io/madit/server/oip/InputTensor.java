package io.madit.server.oip;

import com.google.protobuf.ByteString;
import io.madit.inference.ModelInferRequest.InferInputTensor;
import io.madit.server.rpc.Violations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * One input of a request.
 *
 * @param raw its elements as bytes; null: they are in the tensor's typed contents
 */
record InputTensor(InferInputTensor tensor, ByteString raw) {
  private static final int LENGTH_BYTES = 4;

  String name() {
    return tensor.getName();
  }

  /** For messages. */
  String field() {
    return "inputs." + name();
  }

  /**
   * Whole numbers; those of UINT64 as the same 64 bits.
   *
   * @param count how many there must be
   * @param datatypes that are allowed
   * @return null after a violation
   */
  long[] integers(int count, List<String> datatypes, Violations violations) {
    if (!hasType(datatypes, violations)) {
      return null;
    }
    return raw == null ? typedIntegers(count, violations) : rawIntegers(count, violations);
  }

  private boolean hasType(List<String> datatypes, Violations violations) {
    if (datatypes.contains(tensor.getDatatype())) {
      return true;
    }
    violations.add(
        field() + ".datatype",
        "must be " + String.join(" or ", datatypes),
        Violations.quoted(tensor.getDatatype()));
    return false;
  }

  private long[] typedIntegers(int count, Violations violations) {
    var contents = tensor.getContents();
    LongStream values =
        switch (tensor.getDatatype()) {
          case "INT32" -> contents.getIntContentsList().stream().mapToLong(v -> v);
          case "UINT32" ->
              contents.getUintContentsList().stream().mapToLong(Integer::toUnsignedLong);
          case "UINT64" -> contents.getUint64ContentsList().stream().mapToLong(v -> v);
          default -> contents.getInt64ContentsList().stream().mapToLong(v -> v);
        };
    long[] elements = values.toArray();
    return violations.within(field() + ".contents.length", elements.length, count, count)
        ? elements
        : null;
  }

  private long[] rawIntegers(int count, Violations violations) {
    boolean wide = tensor.getDatatype().endsWith("64");
    int bytes = count * (wide ? Long.BYTES : Integer.BYTES);
    if (!violations.within(field() + ".bytes", raw.size(), bytes, bytes)) {
      return null;
    }
    ByteBuffer data = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    boolean signed = tensor.getDatatype().startsWith("INT");
    long[] elements = new long[count];
    for (int i = 0; i < count; i++) {
      elements[i] =
          wide ? data.getLong() : signed ? data.getInt() : Integer.toUnsignedLong(data.getInt());
    }
    return elements;
  }

  /**
   * Texts.
   *
   * @param count how many there must be
   * @return null after a violation
   */
  List<String> texts(int count, Violations violations) {
    if (!hasType(List.of("BYTES"), violations)) {
      return null;
    }
    List<ByteString> elements =
        raw == null ? tensor.getContents().getBytesContentsList() : rawElements(violations);
    if (elements == null
        || !violations.within(field() + ".contents.length", elements.size(), count, count)) {
      return null;
    }
    if (!elements.stream().allMatch(ByteString::isValidUtf8)) {
      violations.add(field(), "must be UTF-8");
      return null;
    }
    return elements.stream().map(ByteString::toStringUtf8).toList();
  }

  private List<ByteString> rawElements(Violations violations) {
    List<ByteString> elements = new ArrayList<>();
    int at = 0;
    while (at < raw.size()) {
      long length = raw.size() - at < LENGTH_BYTES ? Long.MAX_VALUE : length(at);
      if (length > raw.size() - at - LENGTH_BYTES) {
        violations.add(
            field() + ".bytes", "must be elements with their 4-byte lengths before them");
        return null;
      }
      at += LENGTH_BYTES;
      elements.add(raw.substring(at, at + (int) length));
      at += (int) length;
    }
    return elements;
  }

  private long length(int at) {
    ByteString bytes = raw.substring(at, at + LENGTH_BYTES);
    return Integer.toUnsignedLong(
        bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getInt());
  }
}
