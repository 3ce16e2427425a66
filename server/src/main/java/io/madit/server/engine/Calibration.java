package io.madit.server.engine;

import io.madit.server.cost.CostModel;
import io.madit.server.cost.RoundWork;
import io.madit.server.cost.WorkPlan;
import io.madit.server.image.RgbPicture;
import io.madit.server.model.Bundle;
import io.madit.server.model.EncoderInput;
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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
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

  /** Not wanted any more. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Stopped() {
      super("stopped during the warm-up");
    }
  }

  /** The shortest of these counts: whatever else runs on the machine only adds. */
  private static final int REPEATS = 2;

  private final Bundle bundle;
  private final ModelRuntime runtime;
  private final CostModel costModel;
  private final LongSupplier clock;
  private final BooleanSupplier wanted;
  private final SamplingSettings usual;
  private final RevealPlan plan;
  private final WorkPlan work;
  private final int rows;

  /**
   * @param wanted asked between calls of the script
   */
  Calibration(LoadedModel model, LongSupplier clock, BooleanSupplier wanted) {
    bundle = model.bundle;
    runtime = model.runtime;
    costModel = model.costModel;
    this.clock = clock;
    this.wanted = wanted;
    Manifest manifest = bundle.manifest();
    int slots = manifest.slots();
    usual = manifest.usual();
    plan = RevealPlanner.compile(usual, manifest.grid().places(), ids(0), bundle.codewordKl(), 0);
    work = WorkPlan.of(manifest, plan.rounds(), slots, false, true);
    rows = slots + plan.patches();
  }

  /**
   * Measures until a wider round brings no more throughput.
   *
   * @param maxRows of a round; one session may exceed it
   * @param limit after which nothing is measured but what is not known at all: a large model on a
   *     slow device runs one round
   * @throws Stopped when it is not wanted any more
   */
  List<Point> run(int maxRows, Duration limit) {
    long end = clock.getAsLong() + limit.toNanos();
    List<Point> points = new ArrayList<>();
    boolean worthwhile = true;
    for (int sessions = 1;
        sessions == 1 || (worthwhile && sessions * rows <= maxRows);
        sessions *= 2) {
      points.add(measure(sessions, end));
      worthwhile = !over(end) && stillGrows(points);
    }
    costModel.endCalibration();
    return points;
  }

  private boolean over(long endNanos) {
    return clock.getAsLong() - endNanos >= 0;
  }

  private static boolean stillGrows(List<Point> points) {
    if (points.size() < 2) {
      return true;
    }
    Point last = points.get(points.size() - 1);
    Point before = points.get(points.size() - 2);
    return last.sessions() * before.seconds() > 1.05 * before.sessions() * last.seconds();
  }

  private Point measure(int sessions, long endNanos) {
    List<SessionState> states = new ArrayList<>();
    try {
      for (int i = 0; i < sessions; i++) {
        VisualInput visual = anything(0);
        costModel.observeCondition(
            time(() -> states.add(runtime.open(visual, TextConditioning.NONE, plan.order()))));
      }
      double seconds = rounds(states, endNanos);
      if (sessions == 1 && bundle.manifest().autoencoder()) {
        decodeAndEncode(states.get(0), endNanos);
      }
      return new Point(sessions, sessions * rows, seconds);
    } finally {
      states.forEach(SessionState::close);
    }
  }

  /**
   * The first codeword everywhere, zeros, or the first class.
   *
   * @param known ids that a token generator begins with
   */
  private VisualInput anything(int known) {
    Manifest manifest = bundle.manifest();
    if (!manifest.takesTokens()) {
      return new VisualInput.ClassLabel(0);
    }
    if (manifest.drawsTokens()) {
      return new VisualInput.PartialIds(ids(known), -1);
    }
    return manifest.discrete()
        ? new VisualInput.TokenIds(ids(0))
        : new VisualInput.ContinuousTokens(
            new float[manifest.tokens().count() * manifest.tokens().dim()]);
  }

  /** The first codeword everywhere; of a token generator only as often as it is known. */
  private int[] ids(int known) {
    int[] ids = new int[bundle.manifest().tokens().count()];
    if (bundle.manifest().drawsTokens()) {
      Arrays.fill(ids, known, ids.length, -1);
    }
    return ids;
  }

  /** Mean seconds of a round over the places in the picture, the last place first. */
  private double rounds(List<SessionState> states, long endNanos) {
    int last = plan.rounds().size() - 1;
    double first = round(states, last); // of a width: slow
    double sum = 0;
    int measured = 0;
    for (int place : IntStream.of(last, last / 2, 0).distinct().toArray()) {
      if (place == last || !over(endNanos)) {
        double seconds = place == last ? first : round(states, place);
        for (int i = 1; i < REPEATS && !over(endNanos); i++) {
          seconds = Math.min(seconds, round(states, place));
        }
        costModel.observeRound(times(work.round(place), states.size()), seconds);
        sum += seconds;
        measured++;
      }
    }
    return sum / measured;
  }

  /** Seconds of one round; a token generator's needs canvases that have come as far. */
  private double round(List<SessionState> states, int place) {
    if (!bundle.manifest().drawsTokens()) {
      return time(() -> runtime.round(tasks(states, place)));
    }
    VisualInput visual = anything(plan.rounds().get(place).begin());
    List<SessionState> fresh = new ArrayList<>();
    try {
      for (int i = 0; i < states.size(); i++) {
        fresh.add(runtime.open(visual, TextConditioning.NONE, plan.order()));
      }
      return time(() -> runtime.round(tasks(fresh, place)));
    } finally {
      fresh.forEach(SessionState::close);
    }
  }

  private void decodeAndEncode(SessionState state, long endNanos) {
    AtomicReference<RgbPicture> picture = new AtomicReference<>();
    double decode = time(() -> picture.set(runtime.decode(state)));
    costModel.observeDecode(over(endNanos) ? decode : time(() -> runtime.decode(state)));
    if (!bundle.manifest().encodesPictures()) {
      return;
    }
    EncoderInput drawn = new EncoderInput.Rgb(picture.get());
    double encode = time(() -> runtime.encode(drawn));
    costModel.observeEncode(over(endNanos) ? encode : time(() -> runtime.encode(drawn)));
  }

  private List<RoundTask> tasks(List<SessionState> states, int place) {
    Round round = plan.rounds().get(place);
    return states.stream().map(s -> new RoundTask(s, round, place, 0, usual)).toList();
  }

  private static RoundWork times(RoundWork work, int sessions) {
    return new RoundWork(
        sessions * work.encoderRows(),
        sessions * work.decoderRows(),
        sessions * work.predictedRows());
  }

  private double time(Runnable call) {
    if (!wanted.getAsBoolean()) {
      throw new Stopped();
    }
    long begin = clock.getAsLong();
    call.run();
    return (clock.getAsLong() - begin) * 1e-9;
  }
}
