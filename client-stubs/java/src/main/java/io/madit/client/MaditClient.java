package io.madit.client;

import com.google.protobuf.ByteString;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.Decoder;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GenerateResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.ImageInput;
import io.madit.v1.ListModelsRequest;
import io.madit.v1.Model;
import io.madit.v1.ModelSummary;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.VisualTokenServiceGrpc;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceBlockingStub;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceStub;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Talks to madit servers. Thread-safe; one per process is enough. Every failure is a {@link
 * MaditException}. Interrupting the thread, or cancelling the {@link io.grpc.Context}, cancels a
 * call.
 */
public final class MaditClient implements AutoCloseable {
  private static final SecureRandom SEEDS = new SecureRandom();

  private final ManagedChannel channel;
  private final Duration timeout;
  private final Duration streamTimeout;
  private final RetryPolicy retry;

  MaditClient(ManagedChannel channel, Duration timeout, Duration streamTimeout, RetryPolicy retry) {
    this.channel = channel;
    this.timeout = timeout;
    this.streamTimeout = streamTimeout;
    this.retry = retry;
  }

  /** In plain text, to what the environment variable MADIT_SERVER says, else localhost:8500. */
  public static MaditClient connect() {
    return builder(System.getenv().getOrDefault("MADIT_SERVER", "localhost:8500")).build();
  }

  /**
   * Settings of a client.
   *
   * @param server HOST:PORT, all of whose addresses are used in turn, or any gRPC target
   */
  public static MaditClientBuilder builder(String server) {
    return new MaditClientBuilder(server);
  }

  /** The loaded models. */
  public List<ModelSummary> models() {
    return call(stub -> stub.listModels(ListModelsRequest.getDefaultInstance())).getModelsList();
  }

  /** All about one model; of an empty name about the server's default. */
  public Model model(String name) {
    GetModelRequest request = GetModelRequest.newBuilder().setModel(name).build();
    return call(stub -> stub.getModel(request)).getModel();
  }

  /** The ids of a PNG, JPEG or WebP file, by the server's default model. */
  public int[] tokenize(byte[] file) {
    ImageInput image = ImageInput.newBuilder().setEncoded(ByteString.copyFrom(file)).build();
    return tokenize(TokenizeRequest.newBuilder().setImage(image).build());
  }

  /** The ids, unsigned, of any picture. */
  public int[] tokenize(TokenizeRequest request) {
    List<Integer> ids = call(stub -> stub.tokenize(request)).getVisual().getTokenIds().getIdsList();
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Draws a picture from all its ids, unsigned, or from the first ones if the options have a
   * completion.
   */
  public Picture detokenize(int[] ids, PictureOptions options) {
    return detokenize(options.detokenize(ids));
  }

  /** Draws a picture from ids by their places in raster order; the completion draws the others. */
  public Picture detokenize(Map<Integer, Integer> known, PictureOptions options) {
    return detokenize(options.detokenize(known));
  }

  private Picture detokenize(DetokenizeRequest request) {
    DetokenizeResponse response = call(stub -> stub.detokenize(request));
    return Picture.of(response);
  }

  /**
   * Draws a picture from text, a class or features alone, with a model that generates. A completion
   * does not matter.
   */
  public Picture generate(PictureOptions options) {
    return generate(options.generate());
  }

  /**
   * As {@link #generate(PictureOptions)}, with a decoder of choice.
   *
   * @param decoder NAME or NAME@VERSION of the model that turns the generated tokens into the
   *     picture
   */
  public Picture generate(PictureOptions options, String decoder) {
    Decoder named = Decoder.newBuilder().setModel(decoder).build();
    return generate(options.generate().toBuilder().setDecoder(named).build());
  }

  /** Draws any picture from conditioning alone. */
  public Picture generate(GenerateRequest request) {
    GenerateResponse response = call(stub -> stub.generate(request));
    return Picture.of(response);
  }

  /**
   * All ids, unsigned, of a picture whose first ones are known. Of the options, output and
   * completion do not matter.
   */
  public int[] completeTokens(int[] known, PictureOptions options) {
    return completeTokens(options.completeTokens(known));
  }

  /**
   * As {@link #completeTokens(int[], PictureOptions)}, from ids by their places in raster order.
   */
  public int[] completeTokens(Map<Integer, Integer> known, PictureOptions options) {
    return completeTokens(options.completeTokens(known));
  }

  /** All ids, unsigned, of any partial sequence. */
  public int[] completeTokens(CompleteTokensRequest request) {
    List<Integer> ids = call(stub -> stub.completeTokens(request)).getTokens().getIdsList();
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /** As {@link #stream(PictureOptions, Updates)}, with progress but without previews. */
  public PictureStream stream(PictureOptions options) {
    return stream(options, Updates.progressOnly());
  }

  /**
   * Draws a picture from ids as they come: give them to the stream, and iterate over it. Where the
   * options have no seed, one is chosen.
   */
  public PictureStream stream(PictureOptions options, Updates updates) {
    PictureOptions seeded =
        options.sampling().hasSeed() ? options : options.withSeed(SEEDS.nextLong());
    VisualTokenServiceStub stub = VisualTokenServiceGrpc.newStub(channel);
    return new PictureStream(stub, seeded.begin(updates), after(streamTimeout), retry);
  }

  /** Ends all calls and connections. */
  @Override
  public void close() {
    channel.shutdownNow();
  }

  private <T> T call(Function<VisualTokenServiceBlockingStub, T> rpc) {
    try {
      return rpc.apply(
          VisualTokenServiceGrpc.newBlockingStub(channel).withDeadline(after(timeout)));
    } catch (StatusRuntimeException e) {
      throw new MaditException(Failure.ofCall(e), e);
    }
  }

  private static Deadline after(Duration duration) {
    return Deadline.after(duration.toNanos(), TimeUnit.NANOSECONDS);
  }
}
