package io.madit.server.rpc;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The loaded models by name. The first is the default. Immutable. */
public final class ModelRegistry {
  private final List<ServedModel> models;
  private final Map<String, ServedModel> byName = new LinkedHashMap<>();

  /**
   * @param models at least one
   * @throws IllegalArgumentException when two have the same name and version
   */
  public ModelRegistry(List<ServedModel> models) {
    this.models = List.copyOf(models);
    for (ServedModel model : models) {
      if (byName.put(model.bundle().id(), model) != null) {
        throw new IllegalArgumentException("model " + model.bundle().id() + " is given twice");
      }
      byName.putIfAbsent(model.manifest().name(), model);
    }
  }

  /** Names with precision and device. */
  public String describe() {
    return models.stream()
        .map(
            m ->
                m.bundle()
                    + " ("
                    + m.placement().precision()
                    + " on "
                    + m.placement().device()
                    + ")")
        .collect(Collectors.joining(", "));
  }

  /** All, in the order in which they were given. */
  public List<ServedModel> all() {
    return models;
  }

  ServedModel defaultModel() {
    return models.get(0);
  }

  /**
   * The model of a name.
   *
   * @param name NAME, NAME@VERSION, or empty for the default
   * @throws RequestFailure when there is none
   */
  public ServedModel find(String name) {
    return name.isEmpty() ? defaultModel() : named(name, "model");
  }

  /**
   * The model of a name.
   *
   * @param field where the name is from
   * @throws RequestFailure when there is none
   */
  ServedModel named(String name, String field) {
    ServedModel model = byName.get(name);
    if (model == null) {
      throw RequestFailure.violating(
          ErrorCode.MODEL_NOT_FOUND,
          field,
          "must be one of " + byName.keySet() + ", is " + Violations.quoted(name));
    }
    return model;
  }
}
