package io.madit.server.lifecycle;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Asks the server on this machine whether it serves: the health check of the container. Knows the
 * server by the environment variables that configure it; where clients need certificates, which it
 * has not, it asks the HTTP port.
 */
public final class HealthCheck {
  private static final int SECONDS = 8;

  private HealthCheck() {}

  /** Exit code 0: serves; 1: does not. */
  public static void main(String[] arguments) {
    System.exit(serves(System.getenv()) ? 0 : 1);
  }

  static boolean serves(Map<String, String> environment) {
    if (environment.containsKey("MADIT_TLS_CLIENT_CA")) {
      return ready(environment.getOrDefault("MADIT_HTTP_PORT", "8501"));
    }
    ChannelCredentials credentials =
        environment.containsKey("MADIT_TLS_CERTIFICATE")
            ? TlsChannelCredentials.newBuilder().trustManager(new TrustOwnMachine()).build()
            : InsecureChannelCredentials.create();
    String target = "127.0.0.1:" + environment.getOrDefault("MADIT_PORT", "8500");
    ManagedChannel channel = Grpc.newChannelBuilder(target, credentials).build();
    try {
      return HealthGrpc.newBlockingStub(channel)
              .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
              .check(HealthCheckRequest.getDefaultInstance())
              .getStatus()
          == ServingStatus.SERVING;
    } catch (StatusRuntimeException e) {
      return false;
    } finally {
      channel.shutdownNow();
    }
  }

  private static boolean ready(String httpPort) {
    try {
      HttpURLConnection connection =
          (HttpURLConnection)
              URI.create("http://127.0.0.1:" + httpPort + "/readyz").toURL().openConnection();
      connection.setConnectTimeout(SECONDS * 1000);
      connection.setReadTimeout(SECONDS * 1000);
      return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
    } catch (IOException e) {
      return false;
    }
  }

  /** The peer is this machine and gets no secrets; its certificate names other hosts. */
  private static final class TrustOwnMachine extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
