package io.madit.server.oip;

import io.madit.inference.DataType;
import io.madit.inference.ModelInput;
import io.madit.inference.ModelMetadataResponse.TensorMetadata;
import io.madit.inference.ModelOutput;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor of a model.
 *
 * @param dims without the batch; -1: any size
 * @param optional an input that may be left out
 */
record TensorSpec(String name, DataType type, List<Long> dims, boolean optional) {
  /** Any size of the batch dimension. */
  private static final long ANY = -1;

  TensorMetadata metadata() {
    return TensorMetadata.newBuilder()
        .setName(name)
        .setDatatype(datatype())
        .addShape(ANY)
        .addAllShape(dims)
        .build();
  }

  ModelInput input() {
    return ModelInput.newBuilder()
        .setName(name)
        .setDataType(type)
        .addAllDims(dims)
        .setOptional(optional)
        .build();
  }

  ModelOutput output() {
    return ModelOutput.newBuilder().setName(name).setDataType(type).addAllDims(dims).build();
  }

  /** The type as tensors name it. */
  String datatype() {
    return type == DataType.TYPE_STRING ? "BYTES" : type.name().substring("TYPE_".length());
  }

  /** The shape of one tensor: without a batch dimension, or with one. */
  List<Long> shape(boolean batched, int batch) {
    if (!batched) {
      return dims;
    }
    List<Long> shape = new ArrayList<>();
    shape.add((long) batch);
    shape.addAll(dims);
    return shape;
  }
}
