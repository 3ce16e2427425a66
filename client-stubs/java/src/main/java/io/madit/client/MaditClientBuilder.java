package io.madit.client;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Settings of a {@link MaditClient}. */
public final class MaditClientBuilder {
  /** What is larger is not retried. gRPC's own 1 MiB is less than many pictures. */
  private static final long RETRY_BUFFER_BYTES = 32L << 20;

  /** Raw pixels of a large picture. */
  private static final int LARGEST_ANSWER_BYTES = 256 << 20;

  private final String server;
  private ChannelCredentials credentials = InsecureChannelCredentials.create();
  private final Metadata headers = new Metadata();
  private Duration timeout = Duration.ofMinutes(1);
  private Duration streamTimeout = Duration.ofMinutes(10);
  private RetryPolicy retry = RetryPolicy.standard();

  MaditClientBuilder(String server) {
    this.server = server;
  }

  /** Encrypts. Default: plain text. Reads the files at once. */
  public MaditClientBuilder tls(Tls tls) {
    try {
      credentials = tls.credentials();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the TLS files: " + e.getMessage(), e);
    }
    return this;
  }

  /** The bearer token. Default: none. */
  public MaditClientBuilder token(String token) {
    Metadata.Key<String> key = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    headers.discardAll(key);
    headers.put(key, "Bearer " + token);
    return this;
  }

  /** For each call, its retries included. Default: 60 seconds. */
  public MaditClientBuilder timeout(Duration time) {
    timeout = positive("timeout", time);
    return this;
  }

  /**
   * For each stream, from its opening to the picture, waits for ids and retries included. Default:
   * 600 seconds.
   */
  public MaditClientBuilder streamTimeout(Duration time) {
    streamTimeout = positive("streamTimeout", time);
    return this;
  }

  /** How failures are tried again. Default: {@link RetryPolicy#standard}. */
  public MaditClientBuilder retry(RetryPolicy policy) {
    retry = policy;
    return this;
  }

  /** Does not connect yet: the first call does. */
  public MaditClient build() {
    ManagedChannelBuilder<?> channel =
        Grpc.newChannelBuilder(target(server), credentials)
            .defaultServiceConfig(ServiceConfig.of(retry))
            // The settings are the caller's, not those of DNS TXT records.
            .disableServiceConfigLookUp()
            .enableRetry()
            .perRpcBufferLimit(RETRY_BUFFER_BYTES)
            .retryBufferSize(4 * RETRY_BUFFER_BYTES)
            .maxInboundMessageSize(LARGEST_ANSWER_BYTES)
            // A connection that died without a word is noticed while a call waits.
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(10, TimeUnit.SECONDS)
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    return new MaditClient(channel.build(), timeout, streamTimeout, retry);
  }

  private static String target(String server) {
    return server.contains(":///") || server.startsWith("unix:") ? server : "dns:///" + server;
  }

  private static Duration positive(String name, Duration time) {
    if (time.isZero() || time.isNegative()) {
      throw new IllegalArgumentException(name + " must be longer than 0, is " + time);
    }
    return time;
  }
}
