package io.madit.server.oip;

import io.madit.inference.ModelConfig;
import io.madit.inference.ModelDynamicBatching;
import io.madit.inference.ModelMetadataResponse;
import io.madit.inference.ModelParameter;
import io.madit.inference.ModelTransactionPolicy;
import io.madit.server.engine.Priority;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Models as messages. */
final class ModelMessages {
  private static final String PLATFORM = "madit";
  private static final int NORMAL_PRIORITY = 2;

  private ModelMessages() {}

  /**
   * @param versions all of the model's name
   */
  static ModelMetadataResponse metadata(OipModel model, List<OipModel> versions) {
    return ModelMetadataResponse.newBuilder()
        .setName(model.name())
        .addAllVersions(versions.stream().map(OipModel::version).toList())
        .setPlatform(PLATFORM)
        .addAllInputs(
            ModelTensors.inputs(model.manifest()).stream().map(TensorSpec::metadata).toList())
        .addAllOutputs(
            ModelTensors.outputs(model.manifest()).stream().map(TensorSpec::metadata).toList())
        .putAllProperties(facts(model))
        .build();
  }

  static ModelConfig config(OipModel model, int maxBatch) {
    ModelConfig.Builder config =
        ModelConfig.newBuilder()
            .setName(model.name())
            .setPlatform(PLATFORM)
            .setBackend(PLATFORM)
            .setMaxBatchSize(maxBatch)
            .addAllInput(
                ModelTensors.inputs(model.manifest()).stream().map(TensorSpec::input).toList())
            .addAllOutput(
                ModelTensors.outputs(model.manifest()).stream().map(TensorSpec::output).toList())
            .setDynamicBatching(
                ModelDynamicBatching.newBuilder()
                    .setPriorityLevels(Priority.LEVELS)
                    .setDefaultPriorityLevel(NORMAL_PRIORITY))
            .setModelTransactionPolicy(ModelTransactionPolicy.newBuilder().setDecoupled(false));
    facts(model)
        .forEach(
            (name, value) ->
                config.putParameters(
                    name, ModelParameter.newBuilder().setStringValue(value).build()));
    return config.build();
  }

  private static Map<String, String> facts(OipModel model) {
    Map<String, String> facts = new TreeMap<>();
    facts.put("bundle_version", model.manifest().version());
    facts.put("codebook_size", Integer.toString(model.manifest().codebook().size()));
    facts.put("precision", model.served().placement().precision().name());
    facts.put("device", model.served().placement().device());
    return facts;
  }
}
