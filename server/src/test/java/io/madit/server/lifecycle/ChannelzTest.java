package io.madit.server.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.testing.HeldRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import org.junit.jupiter.api.Test;

class ChannelzTest {
  private static RunningServer start(boolean channelz) throws Exception {
    return RunningServer.start(
        new HeldRuntime(),
        new ObservabilityConfig(false, false, channelz),
        Resources.path("models/pico-buffer"));
  }

  @Test
  void on_showsServers() throws Exception {
    try (RunningServer server = start(true)) {
      assertThat(
              ChannelzGrpc.newBlockingStub(server.channel())
                  .getServers(GetServersRequest.getDefaultInstance())
                  .getServerList())
          .isNotEmpty();
    }
  }

  @Test
  void off_isNotThere() throws Exception {
    try (RunningServer server = start(false)) {
      StatusRuntimeException e =
          catchThrowableOfType(
              StatusRuntimeException.class,
              () ->
                  ChannelzGrpc.newBlockingStub(server.channel())
                      .getServers(GetServersRequest.getDefaultInstance()));
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    }
  }
}
