package io.madit.server.telemetry;

import io.madit.server.config.ObservabilityConfig;
import io.madit.server.testing.AccessLines;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.GetModelRequest;
import java.util.stream.IntStream;

/** What a real server answers to {@code GET /metrics} after its first picture. */
final class ScrapedPicture {
  private ScrapedPicture() {}

  static String scrape() throws Exception {
    try (AccessLines lines = new AccessLines();
        RunningServer server =
            RunningServer.start(
                new HeldRuntime(),
                new ObservabilityConfig(false, true, false),
                Resources.path("models/pico-buffer"))) {
      int tokens =
          server
              .blocking()
              .getModel(GetModelRequest.getDefaultInstance())
              .getModel()
              .getDefaultTokenCount();
      DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder();
      request
          .getVisualBuilder()
          .getTokenIdsBuilder()
          .addAllIds(IntStream.range(0, tokens).boxed().toList());
      server.blocking().detokenize(request.build());
      lines.next(); // a line is written when the meters are done
      lines.next();
      return server.get("/metrics").body();
    }
  }
}
