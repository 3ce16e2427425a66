package io.madit.load;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** A running server and what it asks for. */
final class TargetOptions {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @Option(
      names = "--server",
      defaultValue = "localhost:8500",
      paramLabel = "HOST:PORT",
      description = {
        "The server; dns:///NAME:PORT for all replicas behind a name, in turn.",
        "Default: ${DEFAULT-VALUE}."
      })
  private String address;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = "TLS, with these PEM authorities. Default: plain text.")
  private Path authority;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File whose content is the bearer token.")
  private Path token;

  @Option(
      names = "--retry",
      description = {
        "What a replica cannot take (UNAVAILABLE, RESOURCE_EXHAUSTED) goes to another one,",
        "at most 4 attempts. Default: each request is sent once."
      })
  private boolean retry;

  String address() {
    return address;
  }

  /**
   * @throws IllegalArgumentException naming the option whose file cannot be read
   */
  Caller caller(int connections) {
    ChannelCredentials credentials = credentials();
    Metadata headers = headers();
    Supplier<NettyChannelBuilder> connection =
        () ->
            NettyChannelBuilder.forTarget(address, credentials)
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    return retry ? Caller.retrying(connections, connection) : Caller.to(connections, connection);
  }

  private ChannelCredentials credentials() {
    if (authority == null) {
      return InsecureChannelCredentials.create();
    }
    try {
      return TlsChannelCredentials.newBuilder().trustManager(authority.toFile()).build();
    } catch (IOException e) {
      throw new IllegalArgumentException("--tls-ca " + authority + " cannot be read: " + e, e);
    }
  }

  private Metadata headers() {
    Metadata headers = new Metadata();
    if (token != null) {
      try {
        headers.put(AUTHORIZATION, "Bearer " + Files.readString(token).strip());
      } catch (IOException e) {
        throw new IllegalArgumentException("--token-file " + token + " cannot be read: " + e, e);
      }
    }
    return headers;
  }
}
