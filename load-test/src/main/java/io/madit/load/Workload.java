package io.madit.load;

import io.madit.v1.DetokenizeRequest;
import io.madit.v1.Model;
import io.madit.v1.OutputFormat;
import io.madit.v1.Priority;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * What is asked for. Request number i is the same in every run with the same seed.
 *
 * @param rounds 0: the model's default
 * @param deadline from the intended start
 */
record Workload(Model model, int rounds, Duration deadline, OutputFormat format, long seed) {
  /** The i-th request: random ids of the model's codebook. */
  DetokenizeRequest request(int i) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + i);
    TokenIds.Builder ids = TokenIds.newBuilder();
    for (int n = 0; n < model.getTokenCounts(0); n++) {
      ids.addIds(random.nextInt(model.getCodebookSize()));
    }
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder()
            .setModel(model.getName())
            .setVisual(VisualTokens.newBuilder().setTokenIds(ids));
    request.getSamplingBuilder().setSeed(i);
    if (rounds > 0) {
      request.getSamplingBuilder().setRounds(rounds);
    }
    request.getOutputBuilder().setFormat(format);
    request.getOptionsBuilder().setPriority(Priority.PRIORITY_NORMAL);
    return request.build();
  }
}
