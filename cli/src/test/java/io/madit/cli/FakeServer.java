package io.madit.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.GetModelResponse;
import io.madit.v1.ImageError;
import io.madit.v1.ImagePreview;
import io.madit.v1.ImageProgress;
import io.madit.v1.ImageResult;
import io.madit.v1.Model;
import io.madit.v1.Output;
import io.madit.v1.RunReport;
import io.madit.v1.SamplingOptions;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TextLimits;
import io.madit.v1.Timings;
import io.madit.v1.TokenIds;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;
import io.madit.v1.VisualTokens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A server on a free port that draws one grey, and remembers what it was asked. */
final class FakeServer extends VisualTokenServiceGrpc.VisualTokenServiceImplBase
    implements AutoCloseable {
  static final int SIDE = 64;
  static final int GRID = 4;
  static final int ROUNDS = 8;
  static final int REFUSED_ID = 999;

  private final Server server;
  private final List<BeginImage> begins = new ArrayList<>();
  private final List<DetokenizeRequest> requests = new ArrayList<>();
  private final List<Integer> streamedIds = new ArrayList<>();
  private int chunks;

  FakeServer() throws IOException {
    this(InsecureServerCredentials.create(), List.of());
  }

  FakeServer(ServerCredentials credentials, List<ServerInterceptor> interceptors)
      throws IOException {
    ServerBuilder<?> builder = Grpc.newServerBuilderForPort(0, credentials).addService(this);
    interceptors.forEach(builder::intercept);
    server = builder.build().start();
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  synchronized List<BeginImage> begins() {
    return List.copyOf(begins);
  }

  synchronized List<DetokenizeRequest> requests() {
    return List.copyOf(requests);
  }

  synchronized List<Integer> streamedIds() {
    return List.copyOf(streamedIds);
  }

  synchronized int chunks() {
    return chunks;
  }

  @Override
  public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> out) {
    Model model =
        Model.newBuilder()
            .setName("fake")
            .setImageWidth(SIDE)
            .setImageHeight(SIDE)
            .setGridWidth(GRID)
            .setGridHeight(GRID)
            .setDefaultTokenCount(GRID * GRID)
            .setCodebookSize(REFUSED_ID)
            .setText(TextLimits.newBuilder().setMaxTokens(8))
            .setSamplingDefaults(SamplingOptions.newBuilder().setRounds(ROUNDS))
            .build();
    answer(out, GetModelResponse.newBuilder().setModel(model).build());
  }

  @Override
  public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> out) {
    TokenIds.Builder ids = TokenIds.newBuilder();
    TokenizeResponse.Builder response = TokenizeResponse.newBuilder();
    for (int i = 0; i < GRID * GRID; i++) {
      ids.addIds(i + request.getVocabularyOffset());
      if (request.getIncludeTokenKl()) {
        response.addTokenKl(i / 4f);
      }
    }
    answer(out, response.setVisual(VisualTokens.newBuilder().setTokenIds(ids)).build());
  }

  @Override
  public synchronized void detokenize(
      DetokenizeRequest request, StreamObserver<DetokenizeResponse> out) {
    requests.add(request);
    if (request.getVisual().getTokenIds().getIdsList().contains(REFUSED_ID)) {
      String violation = "visual.token_ids.ids[0]: 999 is not below 16\nand more";
      out.onError(Status.INVALID_ARGUMENT.withDescription(violation).asRuntimeException());
      return;
    }
    answer(out, DetokenizeResponse.newBuilder().setOutput(grey()).setReport(report()).build());
  }

  @Override
  public StreamObserver<StreamDetokenizeRequest> streamDetokenize(
      StreamObserver<StreamDetokenizeResponse> out) {
    return new StreamObserver<>() {
      @Override
      public void onNext(StreamDetokenizeRequest request) {
        receive(request, out);
      }

      @Override
      public void onError(Throwable failure) {}

      @Override
      public void onCompleted() {
        out.onCompleted();
      }
    };
  }

  private synchronized void receive(
      StreamDetokenizeRequest request, StreamObserver<StreamDetokenizeResponse> out) {
    if (request.hasBegin()) {
      begins.add(request.getBegin());
      return;
    }
    chunks++;
    streamedIds.addAll(request.getTokens().getIdsList());
    BeginImage begin = begins.get(begins.size() - 1);
    if (request.getTokens().getIdsList().contains(begin.getEndOfImageId())) {
      draw(begin, out);
    }
  }

  private static void draw(BeginImage begin, StreamObserver<StreamDetokenizeResponse> out) {
    if (begin.getSampling().getRounds() > ROUNDS) {
      ImageError error =
          ImageError.newBuilder()
              .setCode(Status.Code.INVALID_ARGUMENT.value())
              .setMessage("sampling.rounds: too many")
              .build();
      out.onNext(StreamDetokenizeResponse.newBuilder().setError(error).build());
      return;
    }
    for (int round = 1; round <= ROUNDS; round++) {
      ImageProgress progress =
          ImageProgress.newBuilder().setRoundsDone(round).setRoundsTotal(ROUNDS).build();
      out.onNext(StreamDetokenizeResponse.newBuilder().setProgress(progress).build());
      if (round < ROUNDS && round % begin.getPreviewEveryRounds() == 0) {
        ImagePreview preview =
            ImagePreview.newBuilder()
                .setRoundsDone(round)
                .setRoundsTotal(ROUNDS)
                .setOutput(grey())
                .build();
        out.onNext(StreamDetokenizeResponse.newBuilder().setPreview(preview).build());
      }
    }
    ImageResult image = ImageResult.newBuilder().setOutput(grey()).setReport(report()).build();
    out.onNext(StreamDetokenizeResponse.newBuilder().setImage(image).build());
  }

  private static Output grey() {
    byte[] png = PictureFile.png(TestPictures.filled(SIDE, SIDE, 0x808080));
    return Output.newBuilder().setData(ByteString.copyFrom(png)).build();
  }

  private static RunReport report() {
    Timings timings =
        Timings.newBuilder().setRounds(Duration.newBuilder().setNanos(250_000_000)).build();
    return RunReport.newBuilder()
        .setModel("fake")
        .setRounds(ROUNDS)
        .setSeed(-1)
        .setTimings(timings)
        .build();
  }

  private static <T> void answer(StreamObserver<T> out, T response) {
    out.onNext(response);
    out.onCompleted();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
