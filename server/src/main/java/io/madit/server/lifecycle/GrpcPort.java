package io.madit.server.lifecycle;

import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.madit.server.config.ConnectionConfig;
import io.madit.server.config.NetworkConfig;
import io.madit.server.config.ServerConfig;
import io.madit.server.rpc.AccessInterceptor;
import io.madit.server.rpc.IdentityInterceptor;
import io.madit.server.security.ServerSecurity;
import java.util.concurrent.TimeUnit;

/** The gRPC port before its services: address, TLS, bounds, who may call, and diagnosis. */
final class GrpcPort {
  private static final int CHANNELZ_PAGE = 100;

  private GrpcPort() {}

  /**
   * A builder that lacks services.
   *
   * @param admitted runs for calls that have been let in
   */
  static NettyServerBuilder builder(
      ServerConfig config, ServerSecurity security, ServerInterceptor admitted) {
    NettyServerBuilder builder = NettyServerBuilder.forAddress(config.network().grpcAddress());
    bound(builder, config.network());
    security.sslContext().ifPresent(builder::sslContext);
    // The last one added runs first.
    builder.intercept(admitted);
    if (security.authenticates()) {
      builder.intercept(new AccessInterceptor());
    }
    builder.intercept(new IdentityInterceptor(security));
    addDiagnosis(builder, config);
    return builder;
  }

  private static void bound(NettyServerBuilder builder, NetworkConfig network) {
    ConnectionConfig connections = network.connections();
    builder
        .maxInboundMessageSize(network.maxMessageBytes())
        .maxInboundMetadataSize(connections.maxMetadataBytes())
        .maxConcurrentCallsPerConnection(connections.maxConcurrentStreams())
        .keepAliveTime(connections.keepAlive().toSeconds(), TimeUnit.SECONDS)
        .keepAliveTimeout(connections.keepAliveTimeout().toSeconds(), TimeUnit.SECONDS)
        .permitKeepAliveTime(connections.permitKeepAlive().toSeconds(), TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .maxConnectionIdle(connections.maxIdle().toSeconds(), TimeUnit.SECONDS)
        .maxConnectionAge(connections.maxAge().toSeconds(), TimeUnit.SECONDS)
        .maxConnectionAgeGrace(connections.maxAgeGrace().toSeconds(), TimeUnit.SECONDS);
  }

  private static void addDiagnosis(NettyServerBuilder builder, ServerConfig config) {
    if (config.security().reflection()) {
      builder.addService(ProtoReflectionServiceV1.newInstance());
      addEarlierReflection(builder);
    }
    if (config.observability().channelz()) {
      builder.addService(ChannelzService.newInstance(CHANNELZ_PAGE));
    }
  }

  /** Tools such as ghz know only v1alpha. */
  @SuppressWarnings("deprecation")
  private static void addEarlierReflection(NettyServerBuilder builder) {
    builder.addService(io.grpc.protobuf.services.ProtoReflectionService.newInstance());
  }
}
