package io.madit.server.security;

import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.MetadataUtils;
import io.madit.server.config.ConnectionConfig;
import io.madit.server.config.LimitsConfig;
import io.madit.server.config.ModelConfig;
import io.madit.server.config.NetworkConfig;
import io.madit.server.config.ObservabilityConfig;
import io.madit.server.config.SecurityConfig;
import io.madit.server.config.ServerConfig;
import io.madit.server.lifecycle.MaditServer;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import io.madit.server.testing.FakeRuntime;
import io.madit.server.testing.Resources;
import io.madit.server.testing.RunningServer;
import io.madit.v1.VisualTokenServiceGrpc;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceBlockingStub;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import okhttp3.tls.HeldCertificate;

/** The real server on a real port with a fake model, and new connections to it. */
final class SecureServer implements AutoCloseable {
  private final MaditServer server;
  private final List<ManagedChannel> channels = new ArrayList<>();

  private SecureServer(MaditServer server) {
    this.server = server;
  }

  static SecureServer start(SecurityConfig security) throws Exception {
    return start(security, RunningServer.LIMITS);
  }

  static SecureServer start(SecurityConfig security, LimitsConfig limits) throws Exception {
    return start(security, ConnectionConfig.DEFAULT, limits, true);
  }

  static SecureServer start(SecurityConfig security, ConnectionConfig connections, boolean channelz)
      throws Exception {
    return start(security, connections, RunningServer.LIMITS, channelz);
  }

  private static SecureServer start(
      SecurityConfig security, ConnectionConfig connections, LimitsConfig limits, boolean channelz)
      throws Exception {
    ServerConfig config =
        new ServerConfig(
            new NetworkConfig("127.0.0.1", 0, 0, 4 << 20, connections),
            security,
            new ModelConfig(
                List.of(Resources.path("models/pico-buffer")),
                TorchDevice.CPU,
                PrecisionChoice.FLOAT32,
                1),
            limits,
            RunningServer.SCHEDULING,
            new ObservabilityConfig(false, true, channelz),
            Duration.ofSeconds(30));
    return new SecureServer(MaditServer.start(config, FakeRuntime::new, "test"));
  }

  int port() {
    return server.port();
  }

  void reload() {
    server.reloadCredentials();
  }

  Channel plain() {
    return opened(NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext());
  }

  /** A connection that trusts {@code authority} and shows no certificate. */
  Channel trusting(TestAuthority authority) throws SSLException {
    return tls(context(authority));
  }

  /** A connection that trusts {@code authority} and shows {@code own}. */
  Channel trusting(TestAuthority authority, HeldCertificate own) throws SSLException {
    return tls(context(authority).keyManager(own.keyPair().getPrivate(), own.certificate()));
  }

  Channel tls(SslContextBuilder context) throws SSLException {
    return opened(
        NettyChannelBuilder.forAddress("127.0.0.1", server.port()).sslContext(context.build()));
  }

  static SslContextBuilder context(TestAuthority authority) {
    return GrpcSslContexts.forClient().trustManager(authority.root().certificate());
  }

  static ClientInterceptor bearer(String token) {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }

  /** Calls fail after a minute instead of hanging the build. */
  static VisualTokenServiceBlockingStub stub(Channel channel) {
    return VisualTokenServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private Channel opened(NettyChannelBuilder builder) {
    ManagedChannel channel = builder.build();
    channels.add(channel);
    return channel;
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    server.stop();
  }
}
