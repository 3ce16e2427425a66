package io.madit.server.oip;

import io.madit.inference.DataType;
import io.madit.server.model.Manifest;
import java.util.ArrayList;
import java.util.List;

/** The tensors of a model. */
final class ModelTensors {
  static final String TOKEN_IDS = "TOKEN_IDS";
  static final String TEXT = "TEXT";
  static final String SEED = "SEED";

  /** RGB, rows from the top. */
  static final String IMAGE = "IMAGE";

  /** The same picture as a file. */
  static final String IMAGE_FILE = "IMAGE_FILE";

  private static final List<Long> ONE = List.of(1L);

  private ModelTensors() {}

  static List<TensorSpec> inputs(Manifest manifest) {
    List<TensorSpec> inputs = new ArrayList<>();
    List<Long> tokens = List.of((long) manifest.tokens().count());
    inputs.add(new TensorSpec(TOKEN_IDS, DataType.TYPE_INT64, tokens, false));
    inputs.add(new TensorSpec(SEED, DataType.TYPE_UINT64, ONE, true));
    if (manifest.textLimits().isPresent()) {
      inputs.add(new TensorSpec(TEXT, DataType.TYPE_STRING, ONE, true));
    }
    return inputs;
  }

  static List<TensorSpec> outputs(Manifest manifest) {
    List<Long> pixels =
        List.of((long) manifest.image().height(), (long) manifest.image().width(), 3L);
    return List.of(
        new TensorSpec(IMAGE, DataType.TYPE_UINT8, pixels, false),
        new TensorSpec(IMAGE_FILE, DataType.TYPE_STRING, ONE, false),
        new TensorSpec(SEED, DataType.TYPE_UINT64, ONE, false));
  }
}
