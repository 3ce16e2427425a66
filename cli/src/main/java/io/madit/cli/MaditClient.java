package io.madit.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.Model;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Blocking calls to a server. Every failure becomes a {@link CommandFailure} with the server's
 * words.
 */
final class MaditClient implements AutoCloseable {
  private static final int LARGEST_ANSWER_BYTES = 64 << 20;

  private final ManagedChannel channel;

  MaditClient(ManagedChannel channel) {
    this.channel = channel;
  }

  static MaditClient connect(ManagedChannelBuilder<?> channel) {
    return new MaditClient(channel.maxInboundMessageSize(LARGEST_ANSWER_BYTES).build());
  }

  ManagedChannel channel() {
    return channel;
  }

  /** The named model; the server's default if empty. */
  Model model(String name) {
    GetModelRequest request = GetModelRequest.newBuilder().setModel(name).build();
    return call(() -> stub().getModel(request)).getModel();
  }

  TokenizeResponse tokenize(TokenizeRequest request) {
    return call(() -> stub().tokenize(request));
  }

  DetokenizeResponse detokenize(DetokenizeRequest request) {
    return call(() -> stub().detokenize(request));
  }

  /**
   * Streams one picture's ids in small chunks and waits for its final event.
   *
   * @param events called with every event, in order, on a gRPC thread
   * @return the final event
   */
  StreamDetokenizeResponse stream(
      BeginImage begin, List<Integer> ids, Consumer<StreamDetokenizeResponse> events) {
    PictureStream picture = new PictureStream(events);
    picture.send(VisualTokenServiceGrpc.newStub(channel).streamDetokenize(picture), begin, ids);
    return call(picture::await);
  }

  private VisualTokenServiceGrpc.VisualTokenServiceBlockingStub stub() {
    return VisualTokenServiceGrpc.newBlockingStub(channel);
  }

  private static <T> T call(Supplier<T> rpc) {
    try {
      return rpc.get();
    } catch (StatusRuntimeException e) {
      throw new CommandFailure(describe(StatusProto.fromThrowable(e)), e);
    }
  }

  /** Code, message and the first field violation. */
  static String describe(com.google.rpc.Status status) {
    String code = io.grpc.Status.fromCodeValue(status.getCode()).getCode().name();
    String message = "server answered %s: %s".formatted(code, status.getMessage());
    return status.getDetailsList().stream()
        .filter(detail -> detail.is(BadRequest.class))
        .flatMap(detail -> violations(detail).stream())
        .findFirst()
        .filter(violation -> !message.contains(violation.getField()))
        .map(v -> "%s (%s: %s)".formatted(message, v.getField(), v.getDescription()))
        .orElse(message);
  }

  private static List<BadRequest.FieldViolation> violations(com.google.protobuf.Any detail) {
    try {
      return detail.unpack(BadRequest.class).getFieldViolationsList();
    } catch (InvalidProtocolBufferException e) {
      return List.of();
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
