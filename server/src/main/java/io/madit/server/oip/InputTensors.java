package io.madit.server.oip;

import com.google.protobuf.ByteString;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferRequest.InferInputTensor;
import io.madit.server.rpc.ErrorCode;
import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.Violations;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The inputs of a request by name. */
final class InputTensors {
  private final Map<String, InputTensor> byName = new HashMap<>();

  private InputTensors() {}

  /** Takes those that the model knows; each other one is a violation. */
  static InputTensors of(ModelInferRequest request, List<TensorSpec> specs, Violations violations) {
    InputTensors inputs = new InputTensors();
    int rawCount = request.getRawInputContentsCount();
    if (rawCount > 0
        && !violations.within(
            "raw_input_contents.length",
            rawCount,
            request.getInputsCount(),
            request.getInputsCount())) {
      return inputs;
    }
    List<String> names = specs.stream().map(TensorSpec::name).toList();
    for (int i = 0; i < request.getInputsCount(); i++) {
      ByteString raw = rawCount > 0 ? request.getRawInputContents(i) : null;
      inputs.add(
          new InputTensor(request.getInputs(i), raw), "inputs[" + i + "]", names, violations);
    }
    for (TensorSpec spec : specs) {
      if (!spec.optional() && !inputs.byName.containsKey(spec.name())) {
        violations.add("inputs." + spec.name(), "must be given");
      }
    }
    return inputs;
  }

  private void add(InputTensor input, String field, List<String> names, Violations violations) {
    InferInputTensor tensor = input.tensor();
    if (!names.contains(input.name())) {
      violations.add(field + ".name", "must be one of " + names, Violations.quoted(input.name()));
      return;
    }
    refuseSharedMemory(input.field(), tensor.getParametersMap().keySet());
    if (tensor.getParametersCount() > 0) {
      violations.add(input.field() + ".parameters", "must be empty");
    }
    if (input.raw() != null && tensor.hasContents()) {
      violations.add(input.field() + ".contents", "must be absent beside raw_input_contents");
    }
    if (byName.put(input.name(), input) != null) {
      violations.add(field + ".name", "must not be given twice", input.name());
    }
  }

  /** Shared memory is a feature that is not there rather than a mistake in the request. */
  static void refuseSharedMemory(String field, Iterable<String> parameters) {
    for (String parameter : parameters) {
      if (parameter.startsWith("shared_memory")) {
        throw RequestFailure.of(
            ErrorCode.UNIMPLEMENTED, field + " must be in the message: there is no shared memory");
      }
    }
  }

  Optional<InputTensor> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }
}
