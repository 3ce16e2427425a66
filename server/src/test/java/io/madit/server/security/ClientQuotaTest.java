package io.madit.server.security;

import static io.madit.server.security.SecureServer.bearer;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.ErrorInfo;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.stub.StreamObserver;
import io.madit.server.config.LimitsConfig;
import io.madit.server.config.SecurityConfig;
import io.madit.server.testing.RunningServer;
import io.madit.v1.BeginImage;
import io.madit.v1.CancelImage;
import io.madit.v1.StreamDetokenizeRequest;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.VisualTokenServiceGrpc;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Places are counted by the name of the token, not by the connection. */
class ClientQuotaTest {
  private static final String ALICE = "alice-token-0123456789";
  private static final String BOB = "bob-token-0123456789";

  /** A stream of one client. */
  private static final class Stream implements StreamObserver<StreamDetokenizeResponse> {
    private final BlockingQueue<StreamDetokenizeResponse> events = new LinkedBlockingQueue<>();
    private final StreamObserver<StreamDetokenizeRequest> out;

    Stream(Channel channel) {
      out = VisualTokenServiceGrpc.newStub(channel).streamDetokenize(this);
    }

    StreamDetokenizeResponse send(StreamDetokenizeRequest.Builder event) throws Exception {
      out.onNext(event.setImageId("a").build());
      return events.poll(60, TimeUnit.SECONDS);
    }

    StreamDetokenizeResponse begin() throws Exception {
      return send(StreamDetokenizeRequest.newBuilder().setBegin(BeginImage.getDefaultInstance()));
    }

    StreamDetokenizeResponse cancel() throws Exception {
      return send(StreamDetokenizeRequest.newBuilder().setCancel(CancelImage.getDefaultInstance()));
    }

    @Override
    public void onNext(StreamDetokenizeResponse event) {
      events.add(event);
    }

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }

  @Test
  void quota_ofOneToken_holdsOverConnectionsAndLeavesOthersAlone(@TempDir Path folder)
      throws Exception {
    Path tokens = folder.resolve("tokens");
    TestAuthority.write(tokens, "alice " + ALICE + "\nbob " + BOB + "\n");
    SecurityConfig security =
        new SecurityConfig(Optional.empty(), Optional.of(tokens), false, false);
    try (SecureServer server = SecureServer.start(security, onePicturePerClient())) {
      Stream first = new Stream(with(server, ALICE));
      Stream second = new Stream(with(server, ALICE));
      assertThat(first.begin().hasAccepted()).isTrue();
      StreamDetokenizeResponse refused = second.begin();
      assertThat(refused.getError().getDetails(0).unpack(ErrorInfo.class).getReason())
          .isEqualTo("CLIENT_QUOTA");
      assertThat(new Stream(with(server, BOB)).begin().hasAccepted()).isTrue();
      assertThat(first.cancel().hasError()).isTrue();
      assertThat(second.begin().hasAccepted()).isTrue();
    }
  }

  private static Channel with(SecureServer server, String token) {
    return ClientInterceptors.intercept(server.plain(), bearer(token));
  }

  private static LimitsConfig onePicturePerClient() {
    LimitsConfig usual = RunningServer.LIMITS;
    return new LimitsConfig(
        usual.maxPictures(),
        1,
        usual.maxPicturesPerStream(),
        usual.maxBacklog(),
        usual.maxStateBytes(),
        usual.maxPackedRows(),
        usual.maxPicturePixels(),
        usual.tokensTimeout());
  }
}
