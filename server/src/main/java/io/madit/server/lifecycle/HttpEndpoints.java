package io.madit.server.lifecycle;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.madit.server.telemetry.ServerMetrics.Scrape;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * The HTTP port: {@code /livez}, {@code /readyz} and {@code /metrics}, by GET or HEAD. Nothing here
 * changes state, and none of them depends on load.
 */
final class HttpEndpoints implements AutoCloseable {
  private record Answer(int status, String type, byte[] body) {
    static Answer text(int status, String body) {
      return new Answer(status, "text/plain", body.getBytes(StandardCharsets.UTF_8));
    }
  }

  private final HttpServer server;
  private final ExecutorService pool =
      Executors.newFixedThreadPool(
          2,
          work -> {
            Thread thread = new Thread(work, "madit-http");
            thread.setDaemon(true);
            return thread;
          });

  static {
    // A client that sends no whole request holds a thread this many seconds at most. The JDK's
    // server reads this when it is loaded.
    System.setProperty("sun.net.httpserver.maxReqTime", "5");
  }

  HttpEndpoints(
      InetSocketAddress address,
      BooleanSupplier live,
      BooleanSupplier ready,
      Function<String, Scrape> metrics)
      throws IOException {
    server = HttpServer.create(address, 16);
    server.setExecutor(pool);
    serve("/livez", request -> state(live.getAsBoolean()));
    serve("/readyz", request -> state(ready.getAsBoolean()));
    serve("/metrics", request -> answer(metrics.apply(request.getFirst("Accept"))));
    serve("/", request -> Answer.text(404, "not found\n"));
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    pool.shutdown();
  }

  private static Answer state(boolean ok) {
    return Answer.text(ok ? 200 : 503, ok ? "ok\n" : "not ok\n");
  }

  private static Answer answer(Scrape scrape) {
    return new Answer(200, scrape.contentType(), scrape.body());
  }

  private void serve(String path, Function<Headers, Answer> answers) {
    server.createContext(path, exchange -> answer(exchange, path, answers));
  }

  private static void answer(HttpExchange exchange, String path, Function<Headers, Answer> answers)
      throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      boolean head = method.equals("HEAD");
      Answer answer;
      if (!head && !method.equals("GET")) {
        answer = Answer.text(405, "only GET and HEAD\n");
      } else if (!path.equals("/") && !exchange.getRequestURI().getPath().equals(path)) {
        answer = Answer.text(404, "not found\n");
      } else {
        answer = answers.apply(exchange.getRequestHeaders());
      }
      exchange.getResponseHeaders().set("Content-Type", answer.type());
      exchange.sendResponseHeaders(answer.status(), head ? -1 : answer.body().length);
      if (!head) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(answer.body());
        }
      }
    }
  }
}
