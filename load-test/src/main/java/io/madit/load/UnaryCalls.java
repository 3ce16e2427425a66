package io.madit.load;

import io.madit.v1.DetokenizeRequest;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;

/** Whole pictures, one call each. */
record UnaryCalls(Caller caller, Workload workload, List<Arrival> arrivals)
    implements Calls<Outcome> {
  @Override
  public LongFunction<CompletableFuture<Outcome>> prepare(int i) {
    DetokenizeRequest request = workload.request(i, arrivals.get(i));
    return intended -> caller.send(i, request, intended, workload.deadline().toNanos());
  }
}
