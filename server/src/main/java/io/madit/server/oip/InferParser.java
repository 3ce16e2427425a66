package io.madit.server.oip;

import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferRequest.InferRequestedOutputTensor;
import io.madit.server.rpc.CallContext;
import io.madit.server.rpc.PictureOrder;
import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.Violations;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Turns a request into requests of our own API, one per picture, and has those checked as all are.
 */
final class InferParser {
  private static final long MAX_UINT32 = 0xFFFF_FFFFL;

  private final CallContext context;
  private final int maxBatch;

  InferParser(CallContext context, int maxBatch) {
    this.context = context;
    this.maxBatch = maxBatch;
  }

  /**
   * Checks a request for a model.
   *
   * @throws RequestFailure naming every field that does not fit
   */
  InferOrder parse(OipModel model, ModelInferRequest request) {
    Violations violations = new Violations();
    InputTensors inputs =
        InputTensors.of(request, ModelTensors.inputs(model.manifest()), violations);
    List<TensorSpec> outputs = outputs(model, request, violations);
    DetokenizeRequest.Builder template =
        DetokenizeRequest.newBuilder().setModel(model.served().bundle().id());
    RequestParameters parameters = RequestParameters.read(request, template, violations);
    template.getOptionsBuilder().setClientRequestId(request.getId());
    formats(template.getOutputBuilder(), outputs, parameters.fileFormat());
    violations.check();
    List<Long> shape = inputs.find(ModelTensors.TOKEN_IDS).orElseThrow().tensor().getShapeList();
    int batch = batch(model, shape, violations);
    violations.check();
    boolean batched = shape.size() == 2;
    List<DetokenizeRequest> pictures =
        new Batch(model.manifest(), batched, batch).fill(template, inputs, violations);
    violations.check();
    return new InferOrder(
        model,
        request.getId(),
        check(pictures, batched),
        batched,
        outputs,
        deadline(parameters.timeoutNanos()));
  }

  private static List<TensorSpec> outputs(
      OipModel model, ModelInferRequest request, Violations violations) {
    List<TensorSpec> known = ModelTensors.outputs(model.manifest());
    if (request.getOutputsCount() == 0) {
      return known;
    }
    List<TensorSpec> asked = new ArrayList<>();
    for (int i = 0; i < request.getOutputsCount(); i++) {
      InferRequestedOutputTensor output = request.getOutputs(i);
      String field = "outputs[" + i + "]";
      InputTensors.refuseSharedMemory(field, output.getParametersMap().keySet());
      if (output.getParametersCount() > 0) {
        violations.add(field + ".parameters", "must be empty");
      }
      Optional<TensorSpec> spec =
          known.stream().filter(t -> t.name().equals(output.getName())).findFirst();
      if (spec.isEmpty()) {
        violations.add(
            field + ".name",
            "must be one of " + known.stream().map(TensorSpec::name).toList(),
            Violations.quoted(output.getName()));
      } else if (asked.contains(spec.get())) {
        violations.add(field + ".name", "must not be given twice", output.getName());
      } else {
        asked.add(spec.get());
      }
    }
    return asked;
  }

  /** Raw pixels always, which cost nothing; a file only if one is asked for. */
  private static void formats(
      OutputOptions.Builder options, List<TensorSpec> outputs, OutputFormat fileFormat) {
    options.setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    if (outputs.stream().anyMatch(output -> output.name().equals(ModelTensors.IMAGE_FILE))) {
      options.addExtraFormats(fileFormat);
    }
  }

  /** The number of pictures; 1 without a batch dimension. */
  private int batch(OipModel model, List<Long> shape, Violations violations) {
    int tokens = model.manifest().tokens().count();
    boolean fits = !shape.isEmpty() && shape.size() <= 2 && shape.get(shape.size() - 1) == tokens;
    if (!fits) {
      violations.add(
          "inputs." + ModelTensors.TOKEN_IDS + ".shape",
          "must be [" + tokens + "] or [batch, " + tokens + "]",
          shape);
    } else if (shape.size() == 2
        && violations.within(
            "inputs." + ModelTensors.TOKEN_IDS + ".shape[0]", shape.get(0), 1, maxBatch)) {
      return shape.get(0).intValue();
    }
    return 1;
  }

  private List<PictureOrder> check(List<DetokenizeRequest> pictures, boolean batched) {
    List<PictureOrder> orders = new ArrayList<>();
    for (int i = 0; i < pictures.size(); i++) {
      try {
        orders.add(PictureOrder.parse(context, pictures.get(i)));
      } catch (RequestFailure e) {
        throw FieldNames.translate(e, batched ? "[" + i + "]" : "");
      }
    }
    return orders;
  }

  /** The earlier one of the call's deadline and the request's own. */
  private static OptionalLong deadline(OptionalLong timeoutNanos) {
    OptionalLong ofCall = CallContext.deadlineNanos();
    if (timeoutNanos.isEmpty()) {
      return ofCall;
    }
    long own = System.nanoTime() + timeoutNanos.getAsLong();
    return OptionalLong.of(
        ofCall.isPresent() && ofCall.getAsLong() - own < 0 ? ofCall.getAsLong() : own);
  }

  /** Splits tensors into pictures. */
  private record Batch(io.madit.server.model.Manifest manifest, boolean batched, int size) {
    List<DetokenizeRequest> fill(
        DetokenizeRequest.Builder template, InputTensors inputs, Violations violations) {
      List<DetokenizeRequest.Builder> pictures = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        pictures.add(template.clone());
      }
      ids(inputs.find(ModelTensors.TOKEN_IDS).orElseThrow(), pictures, violations);
      inputs.find(ModelTensors.TEXT).ifPresent(text -> texts(text, pictures, violations));
      inputs.find(ModelTensors.SEED).ifPresent(seed -> seeds(seed, pictures, violations));
      return pictures.stream().map(DetokenizeRequest.Builder::build).toList();
    }

    private void ids(
        InputTensor input, List<DetokenizeRequest.Builder> pictures, Violations violations) {
      int tokens = manifest.tokens().count();
      long[] ids = input.integers(size * tokens, List.of("INT64", "INT32", "UINT32"), violations);
      for (int i = 0; ids != null && i < ids.length; i++) {
        if (violations.within(input.field() + "[" + i + "]", ids[i], 0, MAX_UINT32)) {
          pictures.get(i / tokens).getVisualBuilder().getTokenIdsBuilder().addIds((int) ids[i]);
        }
      }
    }

    private void texts(
        InputTensor input, List<DetokenizeRequest.Builder> pictures, Violations violations) {
      List<String> texts = hasOneEach(input, violations) ? input.texts(size, violations) : null;
      for (int i = 0; texts != null && i < size; i++) {
        pictures.get(i).getConditioningBuilder().setText(texts.get(i));
      }
    }

    private void seeds(
        InputTensor input, List<DetokenizeRequest.Builder> pictures, Violations violations) {
      long[] seeds =
          hasOneEach(input, violations)
              ? input.integers(size, List.of("UINT64", "INT64"), violations)
              : null;
      for (int i = 0; seeds != null && i < size; i++) {
        if (pictures.get(i).getSampling().hasSeed()) {
          violations.add(input.field(), "must be absent beside parameters.seed");
          return;
        }
        pictures.get(i).getSamplingBuilder().setSeed(seeds[i]);
      }
    }

    private boolean hasOneEach(InputTensor input, Violations violations) {
      List<Long> expected = batched ? List.of((long) size, 1L) : List.of(1L);
      List<Long> given = input.tensor().getShapeList();
      if (!given.equals(expected)) {
        violations.add(input.field() + ".shape", "must be " + expected, given);
      }
      return given.equals(expected);
    }
  }
}
