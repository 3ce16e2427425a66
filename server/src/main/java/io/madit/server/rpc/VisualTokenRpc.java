package io.madit.server.rpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.madit.server.image.PictureReader;
import io.madit.server.telemetry.RequestObservation;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.CompleteTokensResponse;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GenerateResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.GetModelResponse;
import io.madit.v1.ListModelsRequest;
import io.madit.v1.ListModelsResponse;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;

/** The service: each method hands over to its call. */
public final class VisualTokenRpc extends VisualTokenServiceGrpc.VisualTokenServiceImplBase {
  private final CallContext context;
  private final PictureReader reader;
  private final int maxPicturesPerStream;
  private final String version;

  public VisualTokenRpc(
      CallContext context, PictureReader reader, int maxPicturesPerStream, String version) {
    this.context = context;
    this.reader = reader;
    this.maxPicturesPerStream = maxPicturesPerStream;
    this.version = version;
  }

  @Override
  public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> observer) {
    answer(
        "detokenize",
        observer,
        () ->
            DetokenizeCall.start(
                context, request, (ServerCallStreamObserver<DetokenizeResponse>) observer));
  }

  @Override
  public StreamObserver<StreamDetokenizeRequest> streamDetokenize(
      StreamObserver<StreamDetokenizeResponse> observer) {
    return PictureStream.open(
        context,
        (ServerCallStreamObserver<StreamDetokenizeResponse>) observer,
        maxPicturesPerStream);
  }

  @Override
  public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> observer) {
    answer(
        "tokenize",
        observer,
        () ->
            TokenizeCall.start(
                context, reader, request, (ServerCallStreamObserver<TokenizeResponse>) observer));
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
    answer(
        "generate",
        observer,
        () ->
            GenerateCall.start(
                context, request, (ServerCallStreamObserver<GenerateResponse>) observer));
  }

  @Override
  public void completeTokens(
      CompleteTokensRequest request, StreamObserver<CompleteTokensResponse> observer) {
    answer(
        "complete_tokens",
        observer,
        () ->
            CompleteTokensCall.start(
                context, request, (ServerCallStreamObserver<CompleteTokensResponse>) observer));
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    ListModelsResponse.Builder response =
        ListModelsResponse.newBuilder()
            .setDefaultModel(context.models().defaultModel().manifest().name())
            .setServerVersion(version);
    context.models().all().forEach(model -> response.addModels(ModelMessages.summary(model)));
    observer.onNext(response.build());
    observer.onCompleted();
  }

  @Override
  public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> observer) {
    answer(
        "get_model",
        observer,
        () -> {
          ServedModel model = context.models().find(request.getModel());
          observer.onNext(
              GetModelResponse.newBuilder()
                  .setModel(
                      ModelMessages.model(
                          model, Decoders.usual(context.models(), model.manifest())))
                  .build());
          observer.onCompleted();
        });
  }

  private void answer(String kind, StreamObserver<?> observer, Runnable call) {
    try {
      call.run();
    } catch (RuntimeException e) {
      context.failed(RequestObservation.ofCall(), kind, e);
      observer.onError(Statuses.exception(e));
    }
  }
}
