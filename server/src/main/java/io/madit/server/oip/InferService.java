package io.madit.server.oip;

import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferResponse;
import io.madit.server.rpc.CallContext;
import io.madit.server.rpc.Drawn;
import io.madit.server.telemetry.RequestObservation;
import java.time.Clock;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** Draws requests of both calls and keeps the books. Thread-safe. */
final class InferService {
  private final CallContext context;
  private final OipModels models;
  private final InferParser parser;
  private final Clock clock;
  private final Map<OipModel, ModelTally> tallies = new HashMap<>();

  InferService(CallContext context, OipModels models, int maxBatch, Clock clock) {
    this.context = context;
    this.models = models;
    this.parser = new InferParser(context, maxBatch);
    this.clock = clock;
    models.all().forEach(model -> tallies.put(model, new ModelTally()));
  }

  ModelTally tally(OipModel model) {
    return tallies.get(model);
  }

  /**
   * Lets one request in. The caller says what ends it early, then {@link Inference#begin begins}.
   *
   * @param kind for the metric of outcomes
   * @param observation of the request; what ends it remains with the caller
   * @param answer is told once, the response or why there is none, on any thread; but a request
   *     that is not let in ends by an exception
   */
  Inference admit(
      String kind,
      ModelInferRequest request,
      RequestObservation observation,
      BiConsumer<ModelInferResponse, Throwable> answer) {
    long arrival = System.nanoTime();
    observation.clientRequestId(request.getId());
    OipModel model = models.find(request.getModelName(), request.getModelVersion());
    try {
      InferOrder order = parser.parse(model, request);
      Inference inference = Inference.admit(context, order);
      order.pictures().get(0).options().describe(observation, context.newRequestId());
      inference
          .done()
          .whenComplete(
              (pictures, failure) -> {
                long nanos = System.nanoTime() - arrival;
                if (failure != null) {
                  tally(model).failed(nanos);
                  context.failed(observation, kind, failure);
                  answer.accept(null, failure);
                } else {
                  drawn(kind, order, pictures, nanos, observation);
                  answer.accept(ResponseWriter.write(order, pictures), null);
                }
              });
      return inference;
    } catch (RuntimeException e) {
      tally(model).failed(System.nanoTime() - arrival);
      throw e;
    }
  }

  private void drawn(
      String kind,
      InferOrder order,
      List<Drawn> pictures,
      long nanos,
      RequestObservation observation) {
    Drawn slowest = pictures.stream().max(Comparator.comparingLong(InferService::nanos)).get();
    tally(order.model()).succeeded(pictures.size(), slowest, nanos, clock.millis());
    pictures.forEach(picture -> observation.drawn(picture.timings(), 0, picture.encodeNanos()));
    context.metrics().recordOutcome(kind, "ok");
  }

  private static long nanos(Drawn drawn) {
    var timings = drawn.timings();
    return timings.queueNanos()
        + timings.conditionNanos()
        + timings.roundsNanos()
        + timings.decodeNanos()
        + drawn.encodeNanos();
  }
}
