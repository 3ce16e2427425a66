package io.madit.server.telemetry;

import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Addresses for the log. */
final class PeerNames {
  private PeerNames() {}

  /** {@code 10.0.0.7:41234}, never a name that would have to be looked up. */
  static String of(SocketAddress peer) {
    if (peer instanceof InetSocketAddress internet && internet.getAddress() != null) {
      return internet.getAddress().getHostAddress() + ":" + internet.getPort();
    }
    return peer.toString();
  }
}
