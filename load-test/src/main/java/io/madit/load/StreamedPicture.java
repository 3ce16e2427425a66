package io.madit.load;

import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.TokenChunk;
import io.madit.v1.VisualTokenServiceGrpc;
import java.util.concurrent.CompletableFuture;

/** A picture on a stream of its own, which tells whether the server had accepted it. */
final class StreamedPicture
    implements ClientResponseObserver<StreamDetokenizeRequest, StreamDetokenizeResponse> {
  /** What became of it. */
  enum End {
    DRAWN,
    NEVER_ACCEPTED,
    LOST
  }

  private final DetokenizeRequest request;
  private final CompletableFuture<End> end = new CompletableFuture<>();

  // Callbacks of one call come one after the other.
  private ClientCallStreamObserver<StreamDetokenizeRequest> out;
  private boolean accepted;

  private StreamedPicture(DetokenizeRequest request) {
    this.request = request;
  }

  /** Sends it now. */
  static CompletableFuture<End> draw(ManagedChannel channel, DetokenizeRequest request) {
    StreamedPicture picture = new StreamedPicture(request);
    VisualTokenServiceGrpc.newStub(channel).streamDetokenize(picture);
    picture.send(
        StreamDetokenizeRequest.newBuilder()
            .setBegin(
                BeginImage.newBuilder()
                    .setModel(request.getModel())
                    .setSampling(request.getSampling())
                    .setOutput(request.getOutput())));
    return picture.end;
  }

  private void send(StreamDetokenizeRequest.Builder event) {
    out.onNext(event.setImageId("picture").build());
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<StreamDetokenizeRequest> requests) {
    out = requests;
  }

  @Override
  public void onNext(StreamDetokenizeResponse event) {
    if (event.hasAccepted()) {
      accepted = true;
      send(
          StreamDetokenizeRequest.newBuilder()
              .setTokens(
                  TokenChunk.newBuilder()
                      .addAllIds(request.getVisual().getTokenIds().getIdsList())));
      out.onCompleted();
    } else if (event.hasImage()) {
      end.complete(End.DRAWN);
    } else if (event.hasError()) {
      end.complete(accepted ? End.LOST : End.NEVER_ACCEPTED);
      if (!accepted) {
        out.onCompleted();
      }
    }
  }

  @Override
  public void onError(Throwable t) {
    end.complete(accepted ? End.LOST : End.NEVER_ACCEPTED);
  }

  @Override
  public void onCompleted() {
    end.complete(accepted ? End.LOST : End.NEVER_ACCEPTED);
  }
}
