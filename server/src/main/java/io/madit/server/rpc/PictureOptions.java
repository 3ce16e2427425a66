package io.madit.server.rpc;

import com.google.protobuf.Duration;
import io.madit.server.cost.WorkPlan;
import io.madit.server.engine.DetokenizeCommand;
import io.madit.server.engine.Priority;
import io.madit.server.model.Manifest;
import io.madit.server.model.TextConditioning;
import io.madit.server.model.VisualInput;
import io.madit.server.reveal.RevealOrder;
import io.madit.server.reveal.RevealPlanner;
import io.madit.server.reveal.Round;
import io.madit.server.reveal.SamplingSettings;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.Conditioning;
import io.madit.v1.OutputOptions;
import io.madit.v1.RequestOptions;
import io.madit.v1.SamplingOptions;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/** Everything a picture's request says beside its tokens, validated. */
public record PictureOptions(
    ServedModel model,
    TextConditioning text,
    SamplingSettings sampling,
    long seed,
    OutputSpec output,
    String clientRequestId,
    Priority priority) {
  static final int MAX_CLIENT_ID = 128;

  static PictureOptions parse(
      ServedModel model,
      Conditioning conditioning,
      SamplingOptions sampling,
      OutputOptions output,
      RequestOptions options,
      RandomGenerator seeds,
      Violations violations) {
    return new PictureOptions(
        model,
        ConditioningParser.parse(model, conditioning, violations),
        SamplingParser.parse(model, sampling, violations),
        sampling.hasSeed() ? sampling.getSeed() : seeds.nextLong(),
        OutputParser.parse(model.manifest(), output, violations),
        clientRequestId(options, violations),
        priority(options, violations));
  }

  static String clientRequestId(RequestOptions options, Violations violations) {
    int bytes = options.getClientRequestIdBytes().size();
    violations.within("options.client_request_id.length", bytes, 0, MAX_CLIENT_ID);
    return options.getClientRequestId();
  }

  static Priority priority(RequestOptions options, Violations violations) {
    return switch (options.getPriority()) {
      case PRIORITY_HIGH -> Priority.HIGH;
      case PRIORITY_UNSPECIFIED, PRIORITY_NORMAL -> Priority.NORMAL;
      case PRIORITY_LOW -> Priority.LOW;
      case UNRECOGNIZED -> {
        violations.add(
            "options.priority", "must be HIGH, NORMAL or LOW", options.getPriorityValue());
        yield Priority.NORMAL;
      }
    };
  }

  /** Notes what the request turned out to be. */
  public void describe(RequestObservation observation, String requestId) {
    observation.accepted(requestId, model.bundle().id());
    observation.sampling(seed, sampling.revealOrder().name().toLowerCase(Locale.ROOT));
  }

  /** Checks that need both the tokens and the options. */
  void check(VisualInput visual, Violations violations) {
    if (visual instanceof VisualInput.ContinuousTokens
        && sampling.revealOrder() == RevealOrder.KL) {
      violations.add(
          "sampling.reveal_order",
          "must be RANDOM, RASTER, HALTON, GTR or USER for continuous tokens, is KL");
    }
  }

  /** What the device has to do; known before the tokens are, because it does not depend on them. */
  WorkPlan work() {
    return work(RevealPlanner.rounds(sampling, model.manifest().grid().places()));
  }

  /** Latents need no rounds, known ids fewer. */
  WorkPlan work(VisualInput visual) {
    if (visual instanceof VisualInput.PartialIds partial) {
      return work(
          RevealPlanner.compile(
                  sampling, model.manifest().grid().places(), partial.ids(), new float[0], seed)
              .rounds());
    }
    return visual instanceof VisualInput.Latents
        ? WorkPlan.ofLatents(output.wantsPicture() ? 1 : 0)
        : work();
  }

  private WorkPlan work(List<Round> rounds) {
    return WorkPlan.of(
        model.manifest(), rounds, slots(), sampling.regressionOnly(), output.wantsPicture());
  }

  private int slots() {
    return model.manifest().slots() + model.manifest().textSlots(text);
  }

  /** Decoder rows of a round. */
  int rows() {
    return slots() + model.manifest().grid().patches();
  }

  /** Bytes of device state: condition, canvas and order. */
  long stateBytes() {
    Manifest manifest = model.manifest();
    long patches = manifest.grid().patches();
    return Float.BYTES * ((long) slots() * manifest.hiddenDim() + patches * manifest.patchDim())
        + Long.BYTES * patches;
  }

  DetokenizeCommand command(
      VisualInput visual, OptionalLong deadlineNanos, int previewEveryRounds, boolean progress) {
    return new DetokenizeCommand(
        model.bundle(),
        visual,
        text,
        seed,
        sampling,
        output.wantsPicture(),
        output.wantsLatents(),
        output.wantsPixels(),
        previewEveryRounds,
        progress,
        deadlineNanos,
        priority);
  }

  /** A wire duration in nanoseconds, with a violation if it is not positive. */
  static OptionalLong positiveNanos(String field, Duration given, Violations violations) {
    double seconds = given.getSeconds() + given.getNanos() * 1e-9;
    if (!(seconds > 0) || seconds > 1e6) {
      violations.add(field, "must be above 0 and at most 1000000 seconds", seconds);
      return OptionalLong.empty();
    }
    return OptionalLong.of(given.getSeconds() * 1_000_000_000L + given.getNanos());
  }
}
