package io.madit.client;

import static io.grpc.Status.Code.DEADLINE_EXCEEDED;
import static io.grpc.Status.Code.INTERNAL;
import static io.grpc.Status.Code.INVALID_ARGUMENT;
import static io.grpc.Status.Code.RESOURCE_EXHAUSTED;
import static io.grpc.Status.Code.UNAVAILABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.madit.client.FlakyServer.Turn;
import io.madit.v1.ImageError;
import io.madit.v1.StreamDetokenizeRequest;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is tried again, and what is not. */
class RetryTest {
  private static final RetryPolicy FAST =
      new RetryPolicy(5, java.time.Duration.ofMillis(10), java.time.Duration.ofMillis(20));

  /** Only a client that obeys the server's pushback is done before its deadline. */
  private static final RetryPolicy SLOW =
      new RetryPolicy(5, java.time.Duration.ofHours(1), java.time.Duration.ofHours(1));

  private static final PictureOptions SEVEN = PictureOptions.defaults().withSeed(7);

  private static MaditClient connect(FlakyServer server, RetryPolicy retry) {
    return MaditClient.builder(server.address()).retry(retry).build();
  }

  private static void assertFails(Runnable call, Status.Code code) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(MaditException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static Picture draw(MaditClient client) {
    try (PictureStream stream = client.stream(SEVEN)) {
      stream.put(1, 2, 3);
      return stream.result();
    }
  }

  private static Turn refuse(Status.Code code, String reason, Any... more) {
    return Turn.refuse(
        ImageError.newBuilder()
            .setCode(code.value())
            .addDetails(Any.pack(ErrorInfo.newBuilder().setReason(reason).build()))
            .addAllDetails(List.of(more))
            .build());
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      names = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "UNKNOWN"})
  void unary_passingFailure_isRetried(Status.Code code) throws Exception {
    try (FlakyServer server = new FlakyServer(Turn.fail(code), Turn.fail(code), Turn.ok());
        MaditClient client = connect(server, FAST)) {
      assertThat(client.models()).hasSize(1);
      assertThat(server.calls()).isEqualTo(3);
    }
  }

  @Test
  void unary_pushback_isObeyed() throws Exception {
    Turn later = Turn.fail(RESOURCE_EXHAUSTED).pushback("20");
    try (FlakyServer server = new FlakyServer(later, Turn.ok());
        MaditClient client = connect(server, SLOW)) {
      assertThat(client.models()).hasSize(1);
    }
  }

  @Test
  void unary_negativePushback_forbidsARetry() throws Exception {
    Turn never = Turn.fail(RESOURCE_EXHAUSTED).pushback("-1");
    try (FlakyServer server = new FlakyServer(never, Turn.ok());
        MaditClient client = connect(server, FAST)) {
      assertFails(client::models, RESOURCE_EXHAUSTED);
      assertThat(server.calls()).isEqualTo(1);
    }
  }

  @Test
  void unary_lastingFailure_isGivenUpAfterAllAttempts() throws Exception {
    Turn[] turns = Collections.nCopies(9, Turn.fail(UNAVAILABLE)).toArray(Turn[]::new);
    try (FlakyServer server = new FlakyServer(turns);
        MaditClient client = connect(server, FAST)) {
      assertFails(client::models, UNAVAILABLE);
      assertThat(server.calls()).isEqualTo(5);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      names = {"INVALID_ARGUMENT", "INTERNAL", "NOT_FOUND", "UNAUTHENTICATED"})
  void unary_hopelessFailure_isNotRetried(Status.Code code) throws Exception {
    try (FlakyServer server = new FlakyServer(Turn.fail(code), Turn.ok());
        MaditClient client = connect(server, FAST)) {
      assertFails(client::models, code);
      assertThat(server.calls()).isEqualTo(1);
    }
  }

  @Test
  void connectionThatClosesWhileACallBegins_isUnavailable() {
    Status status = Status.UNKNOWN.withCause(new ClosedChannelException());
    assertThat(Failure.ofCall(status.asRuntimeException()).code()).isEqualTo(UNAVAILABLE);
  }

  @Test
  void stream_broken_isReplayedWithAllIdsAndTheSeed() throws Exception {
    try (FlakyServer server = new FlakyServer(Turn.fail(UNAVAILABLE), Turn.draw());
        MaditClient client = connect(server, FAST);
        PictureStream stream = client.stream(PictureOptions.defaults())) {
      stream.put(1, 2, 3);
      assertThat(stream.next()).isInstanceOf(PictureEvent.Accepted.class);
      // The second attempt has begun.
      assertThat(stream.next()).isInstanceOf(PictureEvent.Accepted.class);
      stream.put(4);
      stream.result();
      List<StreamDetokenizeRequest> replayed = server.received.get(1);
      assertThat(replayed.get(0).getBegin().getSampling().getSeed()).isEqualTo(stream.seed());
      assertThat(replayed.get(1).getTokens().getIdsList()).startsWith(1, 2, 3);
      assertThat(server.received.get(0).get(0)).isEqualTo(replayed.get(0));
    }
  }

  @Test
  void stream_pushback_isObeyed() throws Exception {
    Turn later = Turn.fail(RESOURCE_EXHAUSTED).pushback("5");
    try (FlakyServer server = new FlakyServer(later, Turn.draw());
        MaditClient client = connect(server, SLOW)) {
      draw(client);
    }
  }

  @Test
  void stream_negativePushback_forbidsARetry() throws Exception {
    try (FlakyServer server = new FlakyServer(Turn.fail(UNAVAILABLE).pushback("-1"));
        MaditClient client = connect(server, FAST)) {
      assertFails(() -> draw(client), UNAVAILABLE);
      assertThat(server.calls()).isEqualTo(1);
    }
  }

  @Test
  void stream_lastingFailure_isGivenUpAfterAllAttempts() throws Exception {
    Turn[] turns = Collections.nCopies(9, Turn.fail(UNAVAILABLE)).toArray(Turn[]::new);
    try (FlakyServer server = new FlakyServer(turns);
        MaditClient client = connect(server, FAST)) {
      assertFails(() -> draw(client), UNAVAILABLE);
      assertThat(server.calls()).isEqualTo(5);
    }
  }

  @Test
  void stream_refusalsThatPass_areRetried() throws Exception {
    Any now = Any.pack(RetryInfo.newBuilder().setRetryDelay(Duration.getDefaultInstance()).build());
    for (Turn first :
        Arrays.asList(
            refuse(RESOURCE_EXHAUSTED, "QUEUE_FULL", now),
            refuse(UNAVAILABLE, "DRAINING"),
            refuse(DEADLINE_EXCEEDED, "TOKENS_TIMEOUT"))) {
      try (FlakyServer server = new FlakyServer(first, Turn.draw());
          MaditClient client = connect(server, FAST)) {
        draw(client);
        assertThat(server.calls()).isEqualTo(2);
      }
    }
  }

  @Test
  void stream_refusalsThatLast_areNotRetried() throws Exception {
    for (Turn only :
        Arrays.asList(
            refuse(RESOURCE_EXHAUSTED, "RESPONSE_TOO_LARGE"),
            refuse(DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
            refuse(INVALID_ARGUMENT, "INVALID_FIELD"),
            refuse(INTERNAL, "INTERNAL"))) {
      try (FlakyServer server = new FlakyServer(only, Turn.draw());
          MaditClient client = connect(server, FAST)) {
        assertThatThrownBy(() -> draw(client)).isInstanceOf(MaditException.class);
        assertThat(server.calls()).isEqualTo(1);
      }
    }
  }
}
