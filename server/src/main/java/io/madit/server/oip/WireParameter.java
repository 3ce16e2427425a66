package io.madit.server.oip;

import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.madit.inference.InferParameter;
import io.madit.server.rpc.Violations;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One parameter of a request.
 *
 * @param field for messages
 */
record WireParameter(String field, InferParameter value) {
  private static final long MAX_UINT32 = 0xFFFF_FFFFL;

  /** A whole number in a range; {@code low} after a violation. */
  long whole(long low, long high, Violations violations) {
    Optional<Long> number = bits();
    if (number.isEmpty()) {
      violations.add(field, "must be a whole number", shown());
      return low;
    }
    // An unsigned number beyond the signed ones is beyond every range asked for here.
    boolean huge = value.hasUint64Param() && number.get() < 0;
    if (huge || number.get() < low || number.get() > high) {
      violations.add(field, "must be " + low + " to " + high, shown());
      return low;
    }
    return number.get();
  }

  private Optional<Long> bits() {
    return switch (value.getParameterChoiceCase()) {
      case INT64_PARAM -> Optional.of(value.getInt64Param());
      case UINT64_PARAM -> Optional.of(value.getUint64Param());
      default -> Optional.empty();
    };
  }

  /** Sets a field of an options message, if the value has the field's type. */
  void set(Message.Builder target, FieldDescriptor to, Violations violations) {
    Optional<?> converted =
        switch (to.getJavaType()) {
          case INT -> uint32(violations);
          case LONG -> expect(bits(), "a whole number", violations);
          case DOUBLE -> expect(number(), "a number", violations);
          case BOOLEAN ->
              expect(
                  value.hasBoolParam() ? Optional.of(value.getBoolParam()) : Optional.empty(),
                  "a bool",
                  violations);
          case STRING -> expect(text(), "a string", violations);
          case ENUM -> enumValue(to.getEnumType(), violations);
          default -> throw new IllegalArgumentException(to.getFullName());
        };
    converted.ifPresent(v -> target.setField(to, v));
  }

  private Optional<Integer> uint32(Violations violations) {
    long number = whole(0, MAX_UINT32, violations);
    return Optional.of((int) number);
  }

  private Optional<Double> number() {
    return value.hasDoubleParam()
        ? Optional.of(value.getDoubleParam())
        : bits().map(Long::doubleValue);
  }

  private Optional<String> text() {
    return value.hasStringParam() ? Optional.of(value.getStringParam()) : Optional.empty();
  }

  private <T> Optional<T> expect(Optional<T> converted, String kind, Violations violations) {
    if (converted.isEmpty()) {
      violations.add(field, "must be " + kind, shown());
    }
    return converted;
  }

  private Optional<EnumValueDescriptor> enumValue(EnumDescriptor type, Violations violations) {
    List<EnumValueDescriptor> values =
        type.getValues().stream().filter(v -> v.getNumber() != 0).toList();
    Optional<EnumValueDescriptor> found =
        text().flatMap(name -> values.stream().filter(v -> shortName(v).equals(name)).findFirst());
    if (found.isEmpty()) {
      List<String> names = values.stream().map(WireParameter::shortName).toList();
      violations.add(field, "must be one of " + names, shown());
    }
    return found;
  }

  /** {@code REVEAL_ORDER_KL} of {@code RevealOrder} is {@code kl}. */
  private static String shortName(EnumValueDescriptor value) {
    int prefix = value.getType().findValueByNumber(0).getName().length() - "UNSPECIFIED".length();
    return value.getName().substring(prefix).toLowerCase(Locale.ROOT);
  }

  /** The value for messages. */
  String shown() {
    return switch (value.getParameterChoiceCase()) {
      case BOOL_PARAM -> Boolean.toString(value.getBoolParam());
      case INT64_PARAM -> Long.toString(value.getInt64Param());
      case UINT64_PARAM -> Long.toUnsignedString(value.getUint64Param());
      case DOUBLE_PARAM -> Double.toString(value.getDoubleParam());
      case STRING_PARAM -> Violations.quoted(value.getStringParam());
      case PARAMETERCHOICE_NOT_SET -> "not set";
    };
  }
}
