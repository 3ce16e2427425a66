package io.madit.server.oip;

import io.madit.inference.InferBatchStatistics;
import io.madit.inference.InferStatistics;
import io.madit.inference.ModelStatistics;
import io.madit.inference.StatisticDuration;
import io.madit.server.rpc.Drawn;
import java.util.Map;
import java.util.TreeMap;

/** What one model has done for this service. Thread-safe. */
final class ModelTally {
  // Guarded by this.
  private final Sum success = new Sum();
  private final Sum fail = new Sum();
  private final Sum queue = new Sum();
  private final Compute compute = new Compute();
  private final Map<Integer, Compute> byBatch = new TreeMap<>();
  private long pictures;
  private long lastEpochMillis;

  /**
   * A request was answered.
   *
   * @param slowest of its pictures
   * @param totalNanos from arrival to answer
   */
  synchronized void succeeded(int batch, Drawn slowest, long totalNanos, long epochMillis) {
    success.add(totalNanos);
    queue.add(slowest.timings().queueNanos());
    compute.add(slowest);
    byBatch.computeIfAbsent(batch, size -> new Compute()).add(slowest);
    pictures += batch;
    lastEpochMillis = epochMillis;
  }

  /** A request was refused or failed. */
  synchronized void failed(long totalNanos) {
    fail.add(totalNanos);
  }

  synchronized ModelStatistics message(OipModel model) {
    ModelStatistics.Builder message =
        ModelStatistics.newBuilder()
            .setName(model.name())
            .setVersion(model.version())
            .setLastInference(lastEpochMillis)
            .setInferenceCount(pictures)
            .setExecutionCount(success.count)
            .setInferenceStats(
                InferStatistics.newBuilder()
                    .setSuccess(success.message())
                    .setFail(fail.message())
                    .setQueue(queue.message())
                    .setComputeInput(compute.input.message())
                    .setComputeInfer(compute.infer.message())
                    .setComputeOutput(compute.output.message())
                    .setCacheHit(StatisticDuration.getDefaultInstance())
                    .setCacheMiss(StatisticDuration.getDefaultInstance()));
    byBatch.forEach(
        (batch, times) ->
            message.addBatchStats(
                InferBatchStatistics.newBuilder()
                    .setBatchSize(batch)
                    .setComputeInput(times.input.message())
                    .setComputeInfer(times.infer.message())
                    .setComputeOutput(times.output.message())));
    return message.build();
  }

  private static final class Sum {
    private long count;
    private long nanos;

    void add(long more) {
      count++;
      nanos += more;
    }

    StatisticDuration message() {
      return StatisticDuration.newBuilder().setCount(count).setNs(nanos).build();
    }
  }

  private static final class Compute {
    private final Sum input = new Sum();
    private final Sum infer = new Sum();
    private final Sum output = new Sum();

    void add(Drawn drawn) {
      input.add(drawn.timings().conditionNanos());
      infer.add(drawn.timings().roundsNanos() + drawn.timings().decodeNanos());
      output.add(drawn.encodeNanos());
    }
  }
}
