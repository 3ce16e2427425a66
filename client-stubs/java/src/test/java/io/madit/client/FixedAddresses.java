package io.madit.client;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.StatusOr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Resolves {@code ports:///1,2} to these ports of this machine, as DNS resolves a headless service.
 */
final class FixedAddresses extends NameResolverProvider {
  static final String SCHEME = "ports";
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
    List<EquivalentAddressGroup> addresses =
        Stream.of(target.getPath().substring(1).split(",", -1))
            .map(port -> new InetSocketAddress(LOOPBACK, Integer.parseInt(port)))
            .map(address -> new EquivalentAddressGroup((SocketAddress) address))
            .toList();
    return new NameResolver() {
      @Override
      public String getServiceAuthority() {
        return "localhost";
      }

      @Override
      public void start(Listener2 listener) {
        listener.onResult(
            ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromValue(addresses))
                .build());
      }

      @Override
      public void shutdown() {}
    };
  }

  @Override
  public String getDefaultScheme() {
    return SCHEME;
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return Set.of(InetSocketAddress.class);
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return 5;
  }
}
