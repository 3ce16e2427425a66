package io.madit.server.rpc;

import io.madit.server.admission.Admission.Ticket;
import io.madit.server.engine.DetokenizeResult;
import io.madit.server.engine.EngineException;
import io.madit.server.engine.EngineFailure;
import io.madit.server.engine.Session;
import io.madit.server.engine.SessionListener;
import io.madit.server.image.RgbPicture;
import io.madit.server.model.VisualInput;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.ImageAccepted;
import io.madit.v1.ImagePhase;
import io.madit.v1.ImagePreview;
import io.madit.v1.ImageProgress;
import io.madit.v1.ImageResult;
import io.madit.v1.Output;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenChunk;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One picture of a stream: collects ids, has the missing ones completed if asked to, then runs.
 * Ends with exactly one final event. The ids and {@link #submitted} are touched by the stream's
 * inbound callbacks only, which gRPC serialises; the listener's methods run on the engine thread.
 */
final class StreamPicture implements SessionListener, InFlight.Request {
  /** Hears once that a picture has ended. */
  interface EndListener {
    void ended(StreamPicture picture, boolean ok);
  }

  private final CallContext context;
  private final RequestObservation observation;
  private final String imageId;
  private final StreamOptions options;
  private final StreamReplies replies;
  private final Ticket ticket;
  private final Optional<StreamCompletion> completion;
  private final EndListener onEnd;
  private final String requestId;
  private final long beginNanos = System.nanoTime();
  private final AtomicBoolean ended = new AtomicBoolean();

  private final int[] ids;
  private int received;
  private boolean endSeen;
  private long awaitingNanos;
  private volatile boolean submitted;
  private volatile long lastTokensNanos = beginNanos;

  /** Completed when {@code submit} has returned, which may be after the engine's first reports. */
  private final CompletableFuture<Session> session = new CompletableFuture<>();

  // Engine thread only.
  private int rounds;
  private int patchesDone;

  /** Previews are encoded one after another, so that they go out in order. */
  private CompletableFuture<Void> previewsSent = CompletableFuture.completedFuture(null);

  StreamPicture(
      CallContext context,
      RequestObservation observation,
      String imageId,
      StreamOptions options,
      StreamReplies replies,
      Ticket ticket,
      Optional<StreamCompletion> completion,
      EndListener onEnd) {
    this.context = context;
    this.observation = observation;
    this.imageId = imageId;
    this.options = options;
    this.replies = replies;
    this.ticket = ticket;
    this.completion = completion;
    this.onEnd = onEnd;
    this.requestId = context.newRequestId();
    options.picture().describe(observation, requestId);
    this.ids = new int[options.picture().model().manifest().tokens().count()];
  }

  String imageId() {
    return imageId;
  }

  boolean awaitsTokens() {
    return !submitted;
  }

  void accept() {
    ServedModel model = options.picture().model();
    replies.accepted(
        counted(
            event()
                .setAccepted(
                    ImageAccepted.newBuilder()
                        .setRequestId(requestId)
                        .setModel(model.manifest().name())
                        .setModelVersion(model.manifest().version())
                        .setSeed(options.picture().seed())
                        .setTokenCount(ids.length)
                        .setRounds(options.picture().sampling().rounds()))
                .build()));
  }

  /** A message came for it. */
  void received(int bytes) {
    observation.moved(bytes, 0);
  }

  /** The next ids. Failures of the picture are reported, not thrown. */
  void tokens(TokenChunk chunk) {
    lastTokensNanos = System.nanoTime();
    try {
      take(chunk);
    } catch (RuntimeException e) {
      abort(e);
    }
  }

  private void take(TokenChunk chunk) {
    Violations violations = new Violations();
    if (chunk.hasContinuousTokens()) {
      violations.add("tokens.continuous_tokens", "must be absent: this model streams ids");
    }
    if (chunk.getIdsCount() == 0 && !chunk.hasContinuousTokens()) {
      violations.add("tokens.ids", "must not be empty");
    }
    int codebook = options.picture().model().manifest().codebook().size();
    for (int i = 0; i < chunk.getIdsCount() && violations.isEmpty(); i++) {
      String field = "tokens.ids[" + i + "]";
      long id = Integer.toUnsignedLong(chunk.getIds(i));
      if (endSeen) {
        violations.add(field, "must not follow the end of the image", id);
      } else if (options.endOfImageId().isPresent() && id == options.endOfImageId().getAsLong()) {
        endSeen = true;
      } else if (received == ids.length) {
        violations.add(field, "must not follow the " + ids.length + " ids of the image", id);
      } else {
        ids[received++] =
            VisualParser.id(
                field, chunk.getIds(i), options.vocabularyOffset(), codebook, violations);
      }
    }
    violations.check();
    if (endSeen && received < ids.length) {
      end();
    } else if (received == ids.length && awaitsTokens()) {
      submit();
    }
  }

  /** EndImage. */
  void end() {
    endSeen = true;
    if (!awaitsTokens()) {
      return;
    }
    if (completion.isPresent()) {
      submit();
    } else {
      abort(
          RequestFailure.violating(
              ErrorCode.INVALID_FIELD,
              "tokens.ids",
              "must have " + ids.length + " ids in all, has " + received));
    }
  }

  private void submit() {
    awaitingNanos = System.nanoTime() - beginNanos;
    submitted = true;
    context.awaiting().remove(this);
    if (completion.isEmpty()) {
      draw(new VisualInput.TokenIds(ids));
      return;
    }
    if (options.progress()) {
      progress(ImageProgress.newBuilder().setPhase(ImagePhase.IMAGE_PHASE_COMPLETING));
    }
    Arrays.fill(ids, received, ids.length, PartialIdsParser.MISSING);
    completion.get().begin(ids).whenComplete(this::completed);
  }

  private void completed(Drawn whole, Throwable failure) {
    try {
      if (failure != null) {
        abort(failure);
      } else if (!ended.get()) {
        draw(whole.tokens().orElseThrow());
      }
    } catch (RuntimeException e) {
      abort(e);
    }
  }

  private void draw(VisualInput visual) {
    session.complete(
        context
            .engine()
            .submit(
                options
                    .picture()
                    .command(visual, options.deadlineNanos(), options.previewEveryRounds(), true),
                this));
  }

  /** Gives it up if its ids have stopped coming or its deadline has passed meanwhile. */
  void expire(long nowNanos, long timeoutNanos) {
    if (submitted) {
      return;
    }
    if (options.deadlineNanos().isPresent()
        && options.deadlineNanos().getAsLong() - nowNanos <= 0) {
      abort(RequestFailure.of(ErrorCode.DEADLINE_EXCEEDED, "the deadline has passed"));
    } else if (nowNanos - lastTokensNanos > timeoutNanos) {
      abort(
          RequestFailure.of(
              ErrorCode.TOKENS_TIMEOUT,
              "no ids came for " + timeoutNanos / 1_000_000 + " ms, " + received + " had come"));
    }
  }

  /** CancelImage, or the end of the stream. */
  void cancel() {
    abort(RequestFailure.of(ErrorCode.CANCELLED, "cancelled"));
  }

  /** Ends the picture with an error and stops its work; that of its completion ends with it. */
  @Override
  public void abort(Throwable cause) {
    session.thenAccept(Session::cancel);
    fail(cause);
  }

  @Override
  public void onRound(int roundsDone, int allRounds, int visible) {
    rounds = allRounds;
    patchesDone = visible;
    if (!options.progress() || ended.get()) {
      return;
    }
    progress(
        ImageProgress.newBuilder()
            .setPhase(ImagePhase.IMAGE_PHASE_ROUNDS)
            .setRoundsDone(roundsDone)
            .setRoundsTotal(rounds)
            .setPatchesDone(visible));
  }

  private void progress(ImageProgress.Builder progress) {
    progress.setTokensReceived(received).setTokensTotal(ids.length).setPatchesTotal(patches());
    replies.progress(counted(event().setProgress(progress).build()));
  }

  @Override
  public void onWorkLeft(double seconds) {
    ticket.workLeft(seconds);
  }

  @Override
  public void onPreview(RgbPicture picture, int roundsDone) {
    if (ended.get()) {
      return;
    }
    ImagePreview.Builder preview =
        ImagePreview.newBuilder()
            .setRoundsDone(roundsDone)
            .setRoundsTotal(rounds)
            .setPatchesDone(patchesDone);
    CompletableFuture<Output> encoded =
        context
            .outputs()
            .picture(picture, options.previewFormat(), options.picture().output().encoding());
    previewsSent =
        previewsSent
            .thenCombine(encoded, (before, output) -> output)
            .thenAccept(
                output ->
                    replies.preview(counted(event().setPreview(preview.setOutput(output)).build())))
            .exceptionally(
                rejected -> {
                  context.metrics().recordDroppedPreview();
                  return null;
                });
  }

  @Override
  public void onFinished(DetokenizeResult result) {
    long begin = System.nanoTime();
    context
        .outputs()
        .write(result, options.picture().model().manifest(), options.picture().output())
        .thenCombine(previewsSent, (outputs, previews) -> outputs)
        .whenComplete(
            (outputs, failure) -> {
              if (failure != null) {
                fail(failure);
              } else {
                succeed(result, outputs, System.nanoTime() - begin);
              }
            });
  }

  @Override
  public void onFailed(EngineFailure failure, String message) {
    fail(new EngineException(failure, message));
  }

  private void succeed(DetokenizeResult result, List<Output> outputs, long encodeNanos) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    observation.drawn(result.timings(), awaitingNanos, encodeNanos);
    context.metrics().recordOutcome("stream_picture", "ok");
    finish(
        event()
            .setImage(
                ImageResult.newBuilder()
                    .setOutput(outputs.get(0))
                    .addAllExtraOutputs(outputs.subList(1, outputs.size()))
                    .setReport(
                        Reports.picture(
                            requestId,
                            options.picture(),
                            session.join().plan(),
                            result.timings(),
                            awaitingNanos,
                            encodeNanos,
                            completion.map(ids -> ids.report(requestId)).stream().toList())))
            .build());
  }

  private void fail(Throwable cause) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    context.failed(observation, "stream_picture", cause);
    finish(event().setError(Statuses.imageError(cause)).build());
  }

  private void finish(StreamDetokenizeResponse last) {
    context.inFlight().remove(this);
    completion.ifPresent(StreamCompletion::close);
    ticket.close();
    replies.last(counted(last));
    observation.end();
    onEnd.ended(this, last.hasImage());
  }

  private StreamDetokenizeResponse counted(StreamDetokenizeResponse event) {
    observation.moved(0, event.getSerializedSize());
    return event;
  }

  private int patches() {
    return options.picture().model().manifest().grid().patches();
  }

  private StreamDetokenizeResponse.Builder event() {
    return StreamDetokenizeResponse.newBuilder().setImageId(imageId);
  }
}
