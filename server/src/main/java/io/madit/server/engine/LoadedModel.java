package io.madit.server.engine;

import io.madit.server.cost.CostModel;
import io.madit.server.cost.Costs;
import io.madit.server.model.Bundle;
import io.madit.server.model.Manifest;
import io.madit.server.model.ModelRuntime;

/** A model on the device and what is known of it. Engine thread only, but for {@link #costs}. */
final class LoadedModel {
  final Bundle bundle;
  final ModelRuntime runtime;
  final CostModel costModel;
  final MemoryLimit memory = new MemoryLimit();

  private volatile Costs costs = Costs.UNKNOWN;

  LoadedModel(Bundle bundle, ModelRuntime runtime) {
    this.bundle = bundle;
    this.runtime = runtime;
    Manifest manifest = bundle.manifest();
    costModel = new CostModel(2.0 * (manifest.slots() + manifest.grid().patches()));
  }

  /** Makes what the cost model has learned visible to all threads. */
  void publishCosts() {
    costs = costModel.costs();
  }

  Costs costs() {
    return costs;
  }

  /** Most rows of a round that are useful and fit. */
  int width(int maxPackedRows) {
    double useful = Math.min(costs.usefulRows(), maxPackedRows);
    return (int) Math.min(useful, memory.rows());
  }
}
