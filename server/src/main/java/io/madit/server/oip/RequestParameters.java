package io.madit.server.oip;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import io.madit.inference.InferParameter;
import io.madit.inference.ModelInferRequest;
import io.madit.server.engine.Priority;
import io.madit.server.rpc.Violations;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import io.madit.v1.SamplingOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Parameters of a request: every scalar option of our own API under its own name, and what the
 * protocol defines.
 *
 * @param fileFormat of {@link ModelTensors#IMAGE_FILE}
 * @param timeoutNanos for the whole request
 */
record RequestParameters(OutputFormat fileFormat, OptionalLong timeoutNanos) {
  static final String FORMAT = "format";
  static final String PRIORITY = "priority";
  static final String TIMEOUT = "timeout";
  static final String VOCABULARY_OFFSET = "vocabulary_offset";

  /** Triton's clients send some of these unasked; none changes a picture. */
  private static final String TRITON_PREFIX = "triton_";

  private static final long MAX_TIMEOUT_MICROS = 86_400_000_000L;
  private static final Map<String, FieldDescriptor> SAMPLING =
      scalars(SamplingOptions.getDescriptor(), Set.of());

  /** The format has values that are no file; a plan has no place in a response. */
  private static final Map<String, FieldDescriptor> OUTPUT =
      scalars(OutputOptions.getDescriptor(), Set.of(FORMAT, "include_plan"));

  private static Map<String, FieldDescriptor> scalars(Descriptor options, Set<String> without) {
    Map<String, FieldDescriptor> scalars = new LinkedHashMap<>();
    for (FieldDescriptor field : options.getFields()) {
      if (!field.isRepeated()
          && field.getJavaType() != JavaType.MESSAGE
          && !without.contains(field.getName())) {
        scalars.put(field.getName(), field);
      }
    }
    return scalars;
  }

  /** Reads all; what belongs to the picture is written to {@code picture}. */
  static RequestParameters read(
      ModelInferRequest request, DetokenizeRequest.Builder picture, Violations violations) {
    OutputFormat format = OutputFormat.OUTPUT_FORMAT_PNG;
    OptionalLong timeout = OptionalLong.empty();
    for (Map.Entry<String, InferParameter> entry : request.getParametersMap().entrySet()) {
      String name = entry.getKey();
      WireParameter parameter = new WireParameter("parameters." + name, entry.getValue());
      if (SAMPLING.containsKey(name)) {
        parameter.set(picture.getSamplingBuilder(), SAMPLING.get(name), violations);
      } else if (OUTPUT.containsKey(name)) {
        parameter.set(picture.getOutputBuilder(), OUTPUT.get(name), violations);
      } else if (name.equals(FORMAT)) {
        format = fileFormat(parameter, violations);
      } else if (name.equals(PRIORITY)) {
        picture
            .getOptionsBuilder()
            .setPriorityValue((int) parameter.whole(0, Priority.LEVELS, violations));
      } else if (name.equals(TIMEOUT)) {
        timeout = timeout(parameter, violations);
      } else if (name.equals(VOCABULARY_OFFSET)) {
        picture
            .getVisualBuilder()
            .getTokenIdsBuilder()
            .setVocabularyOffset((int) parameter.whole(0, 0xFFFF_FFFFL, violations));
      } else if (!name.startsWith(TRITON_PREFIX)) {
        violations.add("parameters", "must be of " + known(), Violations.quoted(name));
      }
    }
    return new RequestParameters(format, timeout);
  }

  private static OutputFormat fileFormat(WireParameter parameter, Violations violations) {
    return switch (parameter.value().getStringParam()) {
      case "png" -> OutputFormat.OUTPUT_FORMAT_PNG;
      case "jpeg" -> OutputFormat.OUTPUT_FORMAT_JPEG;
      case "webp" -> OutputFormat.OUTPUT_FORMAT_WEBP;
      default -> {
        violations.add(parameter.field(), "must be png, jpeg or webp", parameter.shown());
        yield OutputFormat.OUTPUT_FORMAT_PNG;
      }
    };
  }

  /** Microseconds; 0 is none, as in Triton. */
  private static OptionalLong timeout(WireParameter parameter, Violations violations) {
    long micros = parameter.whole(0, MAX_TIMEOUT_MICROS, violations);
    return micros == 0 ? OptionalLong.empty() : OptionalLong.of(1000 * micros);
  }

  private static Set<String> known() {
    Set<String> names = new TreeSet<>(SAMPLING.keySet());
    names.addAll(OUTPUT.keySet());
    names.addAll(Set.of(FORMAT, PRIORITY, TIMEOUT, VOCABULARY_OFFSET));
    return names;
  }
}
