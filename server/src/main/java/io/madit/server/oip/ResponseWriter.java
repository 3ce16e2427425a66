package io.madit.server.oip;

import com.google.protobuf.ByteString;
import io.madit.inference.InferParameter;
import io.madit.inference.ModelInferResponse;
import io.madit.inference.ModelInferResponse.InferOutputTensor;
import io.madit.server.rpc.Drawn;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Pictures as tensors. Elements always go into {@code raw_output_contents}, one per output. */
final class ResponseWriter {
  private ResponseWriter() {}

  static ModelInferResponse write(InferOrder order, List<Drawn> pictures) {
    ModelInferResponse.Builder response = about(order.model(), order.id());
    for (TensorSpec spec : order.outputs()) {
      InferOutputTensor.Builder tensor =
          InferOutputTensor.newBuilder()
              .setName(spec.name())
              .setDatatype(spec.datatype())
              .addAllShape(spec.shape(order.batched(), pictures.size()));
      if (spec.name().equals(ModelTensors.IMAGE_FILE)) {
        tensor.putParameters("media_type", text(pictures.get(0).outputs().get(1).getMediaType()));
      }
      response.addOutputs(tensor).addRawOutputContents(elements(spec, order, pictures));
    }
    return response.build();
  }

  /** A response that only says what it answers. */
  static ModelInferResponse.Builder about(OipModel model, String id) {
    return ModelInferResponse.newBuilder()
        .setModelName(model.name())
        .setModelVersion(model.version())
        .setId(id);
  }

  private static ByteString elements(TensorSpec spec, InferOrder order, List<Drawn> pictures) {
    List<ByteString> elements = new ArrayList<>();
    for (int i = 0; i < pictures.size(); i++) {
      switch (spec.name()) {
        case ModelTensors.IMAGE -> elements.add(pictures.get(i).outputs().get(0).getData());
        case ModelTensors.IMAGE_FILE -> {
          ByteString file = pictures.get(i).outputs().get(1).getData();
          elements.add(ByteString.copyFrom(littleEndian(Integer.BYTES).putInt(0, file.size())));
          elements.add(file);
        }
        default -> {
          long seed = order.pictures().get(i).options().seed();
          elements.add(ByteString.copyFrom(littleEndian(Long.BYTES).putLong(0, seed)));
        }
      }
    }
    return ByteString.copyFrom(elements);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static InferParameter text(String value) {
    return InferParameter.newBuilder().setStringParam(value).build();
  }
}
