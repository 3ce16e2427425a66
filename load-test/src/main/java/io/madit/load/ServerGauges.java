package io.madit.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a server says of itself on its HTTP port.
 *
 * @param values by name; of metrics with labels the sum
 */
record ServerGauges(Map<String, Double> values) {
  private static final Duration IDLE_LIMIT = Duration.ofSeconds(30);

  double value(String name) {
    return values.getOrDefault(name, Double.NaN);
  }

  /** As soon as nothing is inside the server; after 30 s as it is. */
  static ServerGauges whenIdle(int httpPort) throws IOException, InterruptedException {
    Instant limit = Instant.now().plus(IDLE_LIMIT);
    ServerGauges gauges = read(httpPort);
    while (gauges.value("madit_pictures_admitted") + gauges.value("madit_sessions_live") > 0
        && Instant.now().isBefore(limit)) {
      Thread.sleep(50);
      gauges = read(httpPort);
    }
    return gauges;
  }

  static ServerGauges read(int httpPort) throws IOException, InterruptedException {
    return read(URI.create("http://127.0.0.1:" + httpPort + "/metrics"));
  }

  static ServerGauges read(URI metrics) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(metrics).timeout(Duration.ofSeconds(10)).build();
    return parse(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
  }

  /** Reads the Prometheus text format. */
  static ServerGauges parse(String text) {
    return new ServerGauges(
        text.lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .collect(
                Collectors.toMap(
                    line -> line.split("[{ ]", 2)[0],
                    line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)),
                    Double::sum)));
  }
}
