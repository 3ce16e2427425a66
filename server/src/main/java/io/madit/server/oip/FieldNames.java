package io.madit.server.oip;

import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.RequestFailure.Violation;
import java.util.List;

/** Names of our API's fields in the words of the protocol. */
final class FieldNames {
  private FieldNames() {}

  /**
   * The failure with the fields that the client knows.
   *
   * @param place of the picture in the batch; empty without one
   */
  static RequestFailure translate(RequestFailure failure, String place) {
    if (failure.violations().isEmpty()) {
      return failure;
    }
    List<Violation> translated =
        failure.violations().stream()
            .map(v -> new Violation(translate(v.field(), place), v.description()))
            .toList();
    return RequestFailure.invalid(translated);
  }

  private static String translate(String field, String place) {
    String ids = "visual.token_ids.ids";
    if (field.startsWith(ids)) {
      return "inputs." + ModelTensors.TOKEN_IDS + place + field.substring(ids.length());
    }
    if (field.startsWith("conditioning.text")) {
      return "inputs." + ModelTensors.TEXT + place;
    }
    if (field.startsWith("sampling.") || field.startsWith("output.")) {
      return "parameters" + field.substring(field.indexOf('.'));
    }
    return field.startsWith("options.client_request_id")
        ? "id" + field.substring("options.client_request_id".length())
        : field;
  }
}
