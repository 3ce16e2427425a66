package io.madit.load;

import io.madit.v1.DetokenizeRequest;
import io.madit.v1.Model;
import io.madit.v1.OutputFormat;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What is asked for. Request number i is the same in every run with the same seed.
 *
 * @param rounds 0: the model's default
 * @param deadline from the intended start
 */
record Workload(Model model, int rounds, Duration deadline, OutputFormat format, long seed) {
  /** The i-th request. */
  DetokenizeRequest request(int i) {
    return request(i, new Arrival(0));
  }

  /** The i-th request, with the rounds and the priority of its arrival. */
  DetokenizeRequest request(int i, Arrival arrival) {
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder()
            .setModel(model.getName())
            .setVisual(
                VisualTokens.newBuilder().setTokenIds(TokenIds.newBuilder().addAllIds(ids(i))))
            .setSampling(sampling(i, arrival));
    request.getOutputBuilder().setFormat(format);
    request.getOptionsBuilder().setPriority(arrival.priority());
    return request.build();
  }

  /** Ids of the i-th picture: random ones of the model's codebook. */
  List<Integer> ids(int i) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + i);
    return IntStream.range(0, model.getTokenCounts(0))
        .mapToObj(n -> random.nextInt(model.getCodebookSize()))
        .toList();
  }

  /** Sampling of the i-th picture. */
  SamplingOptions sampling(int i, Arrival arrival) {
    SamplingOptions.Builder sampling = SamplingOptions.newBuilder().setSeed(i);
    int own = arrival.rounds() > 0 ? arrival.rounds() : rounds;
    return (own > 0 ? sampling.setRounds(own) : sampling).build();
  }
}
