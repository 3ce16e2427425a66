package io.madit.server.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * Ports and connections.
 *
 * @param host address of both ports
 * @param port of gRPC; 0 takes a free one
 * @param httpPort of health and metrics; 0 takes a free one
 * @param maxMessageBytes of one incoming message
 */
public record NetworkConfig(
    String host, int port, int httpPort, int maxMessageBytes, ConnectionConfig connections) {
  public NetworkConfig {
    Ranges.require("--port", port, 0, 65535);
    Ranges.require("--http-port", httpPort, 0, 65535);
    Ranges.require("--max-message-bytes", maxMessageBytes, 1 << 16, 1 << 28);
  }

  public InetSocketAddress grpcAddress() {
    return new InetSocketAddress(host, port);
  }

  public InetSocketAddress httpAddress() {
    return new InetSocketAddress(host, httpPort);
  }

  /** Whether only this machine can connect to {@code host}. */
  static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("--host must be an address or a known name, is " + host);
    }
  }
}
