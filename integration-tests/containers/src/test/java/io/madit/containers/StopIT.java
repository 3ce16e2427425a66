package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code docker stop} of a busy server. */
@Timeout(300)
class StopIT {
  private static final int PICTURES = 24;
  private static final List<Integer> IDS = IntStream.range(0, 16).boxed().toList();

  @Test
  void sigterm_underLoad_answersAllThatWasAccepted() throws Exception {
    try (Server server = Server.pico()) {
      server.start();
      ManagedChannel channel = server.channel();
      List<PictureCall> calls = new ArrayList<>();
      for (int i = 0; i < PICTURES; i++) {
        PictureCall call = new PictureCall(VisualTokenServiceGrpc.newStub(channel));
        call.awaitAccepted();
        call.put(IDS.subList(0, given(i)));
        calls.add(call);
      }
      server.signal("TERM");
      awaitNotReady(server);
      for (int i = 0; i < PICTURES; i++) {
        if (given(i) < IDS.size()) {
          calls.get(i).put(IDS.subList(given(i), IDS.size()));
        }
        calls.get(i).complete();
      }
      for (PictureCall call : calls) {
        StreamDetokenizeResponse answer = call.answer();
        assertThat(answer.hasImage()).as(answer.getError().getMessage()).isTrue();
      }
      assertThat(server.exitCode()).isZero();
    }
  }

  /** Ids of a picture before the signal: some pictures have all and are drawn, others wait. */
  private static int given(int picture) {
    return List.of(16, 8, 1).get(picture % 3);
  }

  /** Until the server says so, it may not have noticed the signal. */
  private static void awaitNotReady(Server server) throws Exception {
    HttpClient http = HttpClient.newHttpClient();
    HttpRequest probe =
        HttpRequest.newBuilder(URI.create(server.httpAddress() + "/readyz")).build();
    while (http.send(probe, BodyHandlers.discarding()).statusCode() == 200) {
      Thread.onSpinWait();
    }
  }
}
