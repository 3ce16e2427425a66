package io.madit.load;

import io.madit.v1.BeginImage;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** How ids are streamed, if they are. */
final class StreamOptions {
  @Option(
      names = "--stream",
      description = {
        "Each request is a simulated language model that streams its ids (StreamDetokenize).",
        "--deadline-ms then counts from the last id."
      })
  private boolean stream;

  @Option(
      names = "--tokens-per-second",
      defaultValue = "100",
      paramLabel = "R",
      description = "Ids that each language model samples. Default: ${DEFAULT-VALUE}.")
  private double perSecond;

  @Option(
      names = "--tokens-per-message",
      defaultValue = "1",
      paramLabel = "N",
      description = "Ids handed over at once. Default: ${DEFAULT-VALUE}.")
  private int perMessage;

  @Option(names = "--progress", description = "Ask for progress after each round.")
  private boolean progress;

  @Option(
      names = "--preview-every",
      defaultValue = "0",
      paramLabel = "K",
      description = "Ask for a preview every K rounds; 0: none.")
  private int previewEvery;

  boolean stream() {
    return stream;
  }

  /** For reports. */
  String describe() {
    return stream
        ? String.format(
            Locale.ROOT,
            "%s ids/s, %d per message, progress %s, previews every %d rounds",
            perSecond,
            perMessage,
            progress ? "on" : "off",
            previewEvery)
        : "off";
  }

  IdPace pace() {
    return new IdPace(perSecond, perMessage);
  }

  StreamCalls calls(Caller caller, Workload workload, List<Arrival> arrivals) {
    BeginImage events =
        BeginImage.newBuilder().setProgress(progress).setPreviewEveryRounds(previewEvery).build();
    return new StreamCalls(caller, workload, arrivals, pace(), events);
  }
}
