package io.madit.server.lifecycle;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.madit.server.telemetry.ServerMetrics.Scrape;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpEndpointsTest {
  private HttpEndpoints http;

  @BeforeEach
  void start() throws IOException {
    http =
        new HttpEndpoints(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            () -> true,
            () -> false,
            accept -> new Scrape("text/plain", new byte[] {'x'}));
  }

  @AfterEach
  void stop() {
    http.close();
  }

  private int status(String method, String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + http.port() + path);
    HttpRequest request =
        HttpRequest.newBuilder(uri).method(method, BodyPublishers.ofString("{}")).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
  void otherMethods_areNotAllowed(String method) throws Exception {
    assertThat(status(method, "/livez")).isEqualTo(405);
    assertThat(status(method, "/readyz")).isEqualTo(405);
    assertThat(status(method, "/metrics")).isEqualTo(405);
    assertThat(status(method, "/")).isEqualTo(405);
  }

  @Test
  void get_answersByState() throws Exception {
    assertThat(status("GET", "/livez")).isEqualTo(200);
    assertThat(status("GET", "/readyz")).isEqualTo(503);
    assertThat(status("HEAD", "/metrics")).isEqualTo(200);
    assertThat(status("GET", "/metrics/more")).isEqualTo(404);
    assertThat(status("GET", "/")).isEqualTo(404);
  }

  @Test
  void unfinishedRequests_doNotBlockTheProbesForGood() throws Exception {
    List<Socket> slow = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port());
      socket.getOutputStream().write("GET /live".getBytes(US_ASCII));
      slow.add(socket);
    }
    assertThat(status("GET", "/livez")).isEqualTo(200);
    for (Socket socket : slow) {
      socket.close();
    }
  }
}
