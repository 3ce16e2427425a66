package io.madit.load;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.madit.load.MetricsWatch.Sample;
import io.madit.load.Tally.Percentiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;

/**
 * Everything that is known of one series against a running server.
 *
 * @param settings what was asked for, by name
 * @param load counts, goodput and latency; of streams from the intended begin of the picture
 * @param lateness of the client itself: from the intended start until it sent
 * @param phases of the answers, in the server, as it reports them
 * @param stream null for unary calls
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record LoadReport(
    Map<String, String> settings,
    Measurement load,
    Percentiles lateness,
    Map<String, Percentiles> phases,
    Streamed stream,
    List<Chart> charts) {

  /**
   * What only streams have.
   *
   * @param fromLastId latency of answers, from when the last id was meant to be sent
   * @param firstPreview from the intended begin of the picture
   */
  record Streamed(Percentiles fromLastId, Percentiles firstPreview, long previews, long progress) {
    static Streamed of(List<StreamOutcome> outcomes) {
      return new Streamed(
          Tally.percentiles(
              outcomes.stream()
                  .map(StreamOutcome::fromLastId)
                  .filter(Outcome::ok)
                  .mapToLong(Outcome::latencyNanos)),
          Tally.percentiles(
              outcomes.stream()
                  .filter(o -> o.firstPreview() != 0)
                  .mapToLong(StreamOutcome::firstPreviewNanos)),
          outcomes.stream().mapToLong(StreamOutcome::previews).sum(),
          outcomes.stream().mapToLong(StreamOutcome::progress).sum());
    }
  }

  /**
   * @param samples of the server's metrics; empty if they were not read
   */
  static LoadReport unary(
      Map<String, String> settings,
      List<Outcome> outcomes,
      Duration deadline,
      List<Sample> samples) {
    List<Chart> charts =
        ClientCharts.of(outcomes, "intended start", begin(outcomes), deadline.toNanos());
    return of(settings, outcomes, deadline.toNanos(), null, charts, samples);
  }

  /**
   * @param idsNanos from the begin of a picture to its last id
   * @param deadline from the last id; the plots count from there, too
   */
  static LoadReport streamed(
      Map<String, String> settings,
      List<StreamOutcome> outcomes,
      long idsNanos,
      Duration deadline,
      List<Sample> samples) {
    List<Outcome> whole = outcomes.stream().map(StreamOutcome::whole).toList();
    List<Outcome> work = outcomes.stream().map(StreamOutcome::fromLastId).toList();
    List<Chart> charts = ClientCharts.of(work, "last id", begin(whole), deadline.toNanos());
    long limit = idsNanos + deadline.toNanos();
    return of(settings, whole, limit, Streamed.of(outcomes), charts, samples);
  }

  private static LoadReport of(
      Map<String, String> settings,
      List<Outcome> outcomes,
      long deadlineNanos,
      Streamed stream,
      List<Chart> clientCharts,
      List<Sample> samples) {
    List<Chart> charts = new ArrayList<>(clientCharts);
    if (!samples.isEmpty()) {
      charts.addAll(ServerCharts.of(samples, begin(outcomes)));
    }
    return new LoadReport(
        settings,
        new Measurement(
            Tally.of(outcomes, deadlineNanos),
            ServerCharts.residentBytes(samples),
            ServerCharts.clientShare(samples)),
        Tally.percentiles(outcomes.stream().mapToLong(o -> o.sent() - o.intended())),
        phases(outcomes),
        stream,
        charts);
  }

  private static long begin(List<Outcome> outcomes) {
    return outcomes.get(0).intended();
  }

  private static Map<String, Percentiles> phases(List<Outcome> outcomes) {
    Map<String, Percentiles> phases = new TreeMap<>();
    phases.put("queue", phase(outcomes, Outcome::queueSeconds));
    phases.put("rounds", phase(outcomes, Outcome::roundsSeconds));
    phases.put("decode", phase(outcomes, Outcome::decodeSeconds));
    phases.put("encode", phase(outcomes, Outcome::encodeSeconds));
    return phases;
  }

  private static Percentiles phase(List<Outcome> outcomes, ToDoubleFunction<Outcome> seconds) {
    LongStream nanos =
        outcomes.stream()
            .filter(Outcome::ok)
            .mapToLong(o -> (long) (1e9 * seconds.applyAsDouble(o)));
    return Tally.percentiles(nanos);
  }
}
