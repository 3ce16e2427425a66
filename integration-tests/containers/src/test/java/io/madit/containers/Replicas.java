package io.madit.containers;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Resolves {@link #TARGET} to some containers, as DNS does a headless service. */
final class Replicas extends NameResolverProvider {
  static final String TARGET = "replicas:///all";

  private final List<EquivalentAddressGroup> addresses;

  Replicas(Server... servers) {
    addresses =
        Stream.of(servers)
            .map(server -> new InetSocketAddress(server.getHost(), server.port()))
            .map(address -> new EquivalentAddressGroup((SocketAddress) address))
            .toList();
  }

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
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
    return URI.create(TARGET).getScheme();
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
