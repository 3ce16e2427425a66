package io.madit.server.lifecycle;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The HTTP port: {@code /livez}, {@code /readyz} and {@code /metrics}, by GET or HEAD. Nothing here
 * changes state, and none of them depends on load.
 */
final class HttpEndpoints implements AutoCloseable {
  private record Answer(int status, String type, String body) {}

  private final HttpServer server;
  private final ExecutorService pool =
      Executors.newFixedThreadPool(
          2,
          work -> {
            Thread thread = new Thread(work, "madit-http");
            thread.setDaemon(true);
            return thread;
          });

  HttpEndpoints(
      InetSocketAddress address,
      BooleanSupplier live,
      BooleanSupplier ready,
      Supplier<String> metrics)
      throws IOException {
    server = HttpServer.create(address, 16);
    server.setExecutor(pool);
    serve("/livez", () -> state(live.getAsBoolean()));
    serve("/readyz", () -> state(ready.getAsBoolean()));
    serve(
        "/metrics",
        () -> new Answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.get()));
    serve("/", () -> new Answer(404, "text/plain", "not found\n"));
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
    return new Answer(ok ? 200 : 503, "text/plain", ok ? "ok\n" : "not ok\n");
  }

  private void serve(String path, Supplier<Answer> answers) {
    server.createContext(path, exchange -> answer(exchange, path, answers));
  }

  private static void answer(HttpExchange exchange, String path, Supplier<Answer> answers)
      throws IOException {
    try (exchange) {
      String method = exchange.getRequestMethod();
      boolean head = method.equals("HEAD");
      Answer answer = answers.get();
      if (!path.equals("/") && !exchange.getRequestURI().getPath().equals(path)) {
        answer = new Answer(404, "text/plain", "not found\n");
      } else if (!head && !method.equals("GET")) {
        answer = new Answer(405, "text/plain", "only GET and HEAD\n");
      }
      byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", answer.type());
      exchange.sendResponseHeaders(answer.status(), head ? -1 : body.length);
      if (!head) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(body);
        }
      }
    }
  }
}
