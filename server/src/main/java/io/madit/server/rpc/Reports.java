package io.madit.server.rpc;

import com.google.protobuf.util.Durations;
import io.madit.server.engine.Engine;
import io.madit.server.engine.TokenizeResult;
import io.madit.server.reveal.RevealPlan;
import io.madit.server.reveal.Round;
import io.madit.v1.ExecutedPlan;
import io.madit.v1.Precision;
import io.madit.v1.RunReport;
import io.madit.v1.Timings;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reports of what was run. */
final class Reports {
  private Reports() {}

  /**
   * @param awaitingNanos from the begin of a picture to its last id; 0 when all came at once
   * @param chained what was run before
   */
  static RunReport picture(
      String requestId,
      PictureOptions options,
      Optional<RevealPlan> plan,
      io.madit.server.engine.Timings run,
      long awaitingNanos,
      long encodeNanos,
      List<RunReport> chained) {
    long before =
        chained.stream()
            .map(report -> report.getTimings().getTotal())
            .mapToLong(Durations::toNanos)
            .sum();
    long total =
        awaitingNanos
            + before
            + run.queueNanos()
            + run.conditionNanos()
            + run.roundsNanos()
            + run.decodeNanos()
            + encodeNanos;
    RunReport.Builder report =
        base(requestId, options.clientRequestId(), options.model())
            .setSeed(options.seed())
            .setRounds(run.rounds())
            .setTimings(
                Timings.newBuilder()
                    .setAwaitingTokens(Statuses.duration(awaitingNanos + before))
                    .setQueue(Statuses.duration(run.queueNanos()))
                    .setCondition(Statuses.duration(run.conditionNanos()))
                    .setRounds(Statuses.duration(run.roundsNanos()))
                    .setDecode(Statuses.duration(run.decodeNanos()))
                    .setEncode(Statuses.duration(encodeNanos))
                    .setTotal(Statuses.duration(total)))
            .addAllChained(chained);
    if (plan.isPresent()) {
      if (options.model().manifest().drawsTokens()) {
        report.setCompletedTokens(plan.get().patches() - plan.get().known());
      }
      report.setSampling(
          SamplingReport.of(options.model().manifest(), options.sampling())
              .setSeed(options.seed()));
      if (options.output().includePlan()) {
        report.setPlan(executed(plan.get()));
      }
    }
    return report.build();
  }

  /** A picture of a unary call, drawn after what is {@code chained}. */
  static RunReport picture(
      String requestId, PictureOptions options, Drawn drawn, List<RunReport> chained) {
    return picture(
        requestId, options, drawn.plan(), drawn.timings(), 0, drawn.encodeNanos(), chained);
  }

  static RunReport tokenize(
      String requestId,
      String clientRequestId,
      ServedModel model,
      TokenizeResult result,
      long totalNanos) {
    return base(requestId, clientRequestId, model)
        .setTimings(
            Timings.newBuilder()
                .setQueue(Statuses.duration(result.queueNanos()))
                .setTokenize(Statuses.duration(result.encodeNanos()))
                .setTotal(Statuses.duration(totalNanos)))
        .build();
  }

  private static RunReport.Builder base(
      String requestId, String clientRequestId, ServedModel model) {
    Engine.Placement placement = model.placement();
    return RunReport.newBuilder()
        .setRequestId(requestId)
        .setClientRequestId(clientRequestId)
        .setModel(model.manifest().name())
        .setModelVersion(model.manifest().version())
        .setPrecision(Enums.wire(placement.precision()))
        .setDecodePrecision(Precision.PRECISION_FLOAT32)
        .setDevice(placement.device());
  }

  private static ExecutedPlan executed(RevealPlan plan) {
    ExecutedPlan.Builder executed = ExecutedPlan.newBuilder();
    Arrays.stream(plan.order()).forEach(executed::addOrder);
    boolean boosted = plan.rounds().stream().anyMatch(round -> round.boostedCount() > 0);
    for (Round round : plan.rounds()) {
      executed.addCounts(round.end() - round.begin());
      executed.addFlowSteps(round.flowSteps());
      executed.addGuidanceScales(round.guidance());
      if (boosted) {
        executed.addBoostedCounts(round.boostedCount());
        executed.addBoostedFlowSteps(round.boostedSteps());
      }
    }
    return executed.build();
  }
}
