package io.madit.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.madit.server.reveal.Round;
import io.madit.server.reveal.SamplingSettings;
import java.util.Arrays;
import java.util.List;

/** How a round of each request is told to the script: one row of numbers, and one of scales. */
enum RoundRows {
  /** Patches of a flow: steps of the solver, and more of them for a share of the patches. */
  OF_PATCHES {
    @Override
    long[] budget(RoundTask task) {
      Round round = task.round();
      return new long[] {
        round.begin(),
        round.end(),
        round.flowSteps(),
        round.boostedSteps(),
        task.seed(),
        task.sampling().regressionOnly() ? REGRESSION_ONLY : 0
      };
    }

    @Override
    double[] scales(RoundTask task) {
      return new double[] {
        task.round().guidance(),
        task.round().boostFraction(),
        task.sampling().temperature(),
        task.sampling().noiseScale()
      };
    }
  },
  /** Ids of a token generator, which makes each round's guidance of the last one's. */
  OF_IDS {
    @Override
    long[] budget(RoundTask task) {
      Round round = task.round();
      int planned = task.sampling().userPlan().counts().length;
      int rounds = planned > 0 ? planned : task.sampling().rounds();
      return new long[] {round.begin(), round.end(), task.index() + 1L, rounds, task.seed(), 0};
    }

    @Override
    double[] scales(RoundTask task) {
      SamplingSettings sampling = task.sampling();
      return new double[] {
        sampling.guidanceScale(),
        sampling.choiceTemperature(),
        sampling.temperature(),
        sampling.noiseScale()
      };
    }
  };

  private static final int BUDGET_COLUMNS = 6;
  private static final int SCALE_COLUMNS = 4;
  private static final long REGRESSION_ONLY = 1;

  abstract long[] budget(RoundTask task);

  abstract double[] scales(RoundTask task);

  /** int64 [B, 6]: begin, end, two numbers of the family, seed, flags. */
  NDArray budget(NDManager scope, List<RoundTask> tasks) {
    long[] rows = tasks.stream().flatMapToLong(task -> Arrays.stream(budget(task))).toArray();
    return scope.create(rows, new Shape(tasks.size(), BUDGET_COLUMNS));
  }

  /** float64 [B, 4]: guidance, boost fraction or choice temperature, temperature, noise scale. */
  NDArray scales(NDManager scope, List<RoundTask> tasks) {
    double[] rows = tasks.stream().flatMapToDouble(task -> Arrays.stream(scales(task))).toArray();
    return scope.create(rows, new Shape(tasks.size(), SCALE_COLUMNS));
  }
}
