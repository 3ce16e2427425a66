package io.madit.server.oip;

import io.madit.server.rpc.ErrorCode;
import io.madit.server.rpc.ModelRegistry;
import io.madit.server.rpc.RequestFailure;
import io.madit.server.rpc.ServedModel;
import io.madit.server.rpc.Violations;
import java.util.ArrayList;
import java.util.List;

/**
 * The models under whole-number versions: the bundles of one name are numbered from the last one
 * given up to the first, so that the default has the highest number. A bundle's own version is
 * understood, too.
 */
final class OipModels {
  private final ModelRegistry registry;
  private final List<OipModel> all = new ArrayList<>();

  OipModels(ModelRegistry registry) {
    this.registry = registry;
    List<ServedModel> models = registry.all().stream().filter(OipModels::fits).toList();
    for (int i = 0; i < models.size(); i++) {
      String name = models.get(i).manifest().name();
      long number =
          models.subList(i, models.size()).stream()
              .filter(model -> model.manifest().name().equals(name))
              .count();
      all.add(new OipModel(models.get(i), Long.toString(number)));
    }
  }

  /** This protocol takes ids and gives pictures. */
  private static boolean fits(ServedModel model) {
    return model.manifest().discrete() && model.manifest().autoencoder();
  }

  List<OipModel> all() {
    return List.copyOf(all);
  }

  List<OipModel> named(String name) {
    return all.stream().filter(model -> model.name().equals(name)).toList();
  }

  /**
   * One model.
   *
   * @param name empty: the server's default
   * @param version empty: the default of the name
   * @throws RequestFailure when there is none
   */
  OipModel find(String name, String version) {
    ServedModel any = registry.find(name);
    if (!fits(any)) {
      throw RequestFailure.of(
          ErrorCode.UNIMPLEMENTED,
          "model " + any.bundle().id() + " is not served here: it does not take ids to pictures");
    }
    if (version.isEmpty()) {
      return all.stream().filter(model -> model.served().equals(any)).findFirst().orElseThrow();
    }
    List<OipModel> versions = named(any.manifest().name());
    return versions.stream()
        .filter(model -> model.version().equals(version))
        .findFirst()
        .or(() -> versions.stream().filter(m -> m.manifest().version().equals(version)).findFirst())
        .orElseThrow(() -> unknownVersion(versions, version));
  }

  private static RequestFailure unknownVersion(List<OipModel> versions, String version) {
    return RequestFailure.of(
        ErrorCode.MODEL_NOT_FOUND,
        "the version of model "
            + versions.get(0).name()
            + " must be one of "
            + versions.stream().map(OipModel::version).toList()
            + ", is "
            + Violations.quoted(version));
  }
}
