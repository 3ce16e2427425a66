package io.madit.server.engine;

import io.madit.server.cost.CostModel;
import io.madit.server.cost.RoundWork;
import io.madit.server.cost.WorkPlan;
import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.Manifest;
import io.madit.server.model.ModelRuntime;
import io.madit.server.model.RoundTask;
import io.madit.server.model.SessionState;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.RevealPlan;
import io.madit.server.reveal.RevealPlanner;
import io.madit.server.reveal.Round;
import io.madit.server.reveal.SamplingSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * First work of a model: makes the slow first calls before anyone waits for them, and measures
 * rounds of growing width at the begin, the middle and the end of a picture.
 */
public final class Calibration {
  /**
   * One measured width.
   *
   * @param sessions in the round
   * @param rows decoder rows
   * @param seconds of a round, mean over the places in the picture
   */
  public record Point(int sessions, int rows, double seconds) {}

  /** The shortest of these counts: whatever else runs on the machine only adds. */
  private static final int REPEATS = 2;

  private final Bundle bundle;
  private final ModelRuntime runtime;
  private final CostModel costModel;
  private final LongSupplier clock;
  private final RevealPlan plan;
  private final WorkPlan work;
  private final int rows;

  Calibration(LoadedModel model, LongSupplier clock) {
    bundle = model.bundle;
    runtime = model.runtime;
    costModel = model.costModel;
    this.clock = clock;
    Manifest manifest = bundle.manifest();
    int slots = manifest.tokens().count();
    SamplingSettings usual = manifest.sampling().settings();
    plan =
        RevealPlanner.compile(
            usual, manifest.grid().patches(), new int[slots], bundle.codewordKl(), 0);
    work = WorkPlan.of(manifest, plan.rounds(), slots, false, true);
    rows = slots + plan.patches();
  }

  /**
   * Measures until a wider round brings no more throughput.
   *
   * @param maxRows of a round; one session may exceed it
   * @param limit after which no further width is tried
   */
  List<Point> run(int maxRows, Duration limit) {
    long begin = clock.getAsLong();
    List<Point> points = new ArrayList<>();
    boolean worthwhile = true;
    for (int sessions = 1;
        sessions == 1 || (worthwhile && sessions * rows <= maxRows);
        sessions *= 2) {
      points.add(measure(sessions));
      worthwhile = clock.getAsLong() - begin < limit.toNanos() && stillGrows(points);
    }
    costModel.endCalibration();
    return points;
  }

  private static boolean stillGrows(List<Point> points) {
    if (points.size() < 2) {
      return true;
    }
    Point last = points.get(points.size() - 1);
    Point before = points.get(points.size() - 2);
    return last.sessions() * before.seconds() > 1.05 * before.sessions() * last.seconds();
  }

  private Point measure(int sessions) {
    List<SessionState> states = new ArrayList<>();
    try {
      for (int i = 0; i < sessions; i++) {
        int[] ids = new int[bundle.manifest().tokens().count()];
        VisualInput visual = new VisualInput.TokenIds(ids);
        costModel.observeCondition(
            time(() -> states.add(runtime.open(visual, TextConditioning.NONE, plan.order()))));
      }
      int last = plan.rounds().size() - 1;
      time(() -> runtime.round(tasks(states, last))); // the first round of a width is slow
      double sum = 0;
      int[] places = IntStream.of(0, last / 2, last).distinct().toArray();
      for (int place : places) {
        double seconds = Double.POSITIVE_INFINITY;
        for (int i = 0; i < REPEATS; i++) {
          seconds = Math.min(seconds, time(() -> runtime.round(tasks(states, place))));
        }
        costModel.observeRound(times(work.round(place), sessions), seconds);
        sum += seconds;
      }
      if (sessions == 1) {
        decodeAndEncode(states.get(0));
      }
      return new Point(sessions, sessions * rows, sum / places.length);
    } finally {
      states.forEach(SessionState::close);
    }
  }

  private void decodeAndEncode(SessionState state) {
    RgbPicture picture = runtime.decode(state);
    costModel.observeDecode(time(() -> runtime.decode(state)));
    runtime.encode(picture);
    costModel.observeEncode(time(() -> runtime.encode(picture)));
  }

  private List<RoundTask> tasks(List<SessionState> states, int place) {
    Round round = plan.rounds().get(place);
    return states.stream().map(s -> new RoundTask(s, round, 0, false, 1, 1)).toList();
  }

  private static RoundWork times(RoundWork work, int sessions) {
    return new RoundWork(
        sessions * work.encoderRows(),
        sessions * work.decoderRows(),
        sessions * work.predictedRows());
  }

  private double time(Runnable call) {
    long begin = clock.getAsLong();
    call.run();
    return (clock.getAsLong() - begin) * 1e-9;
  }
}
