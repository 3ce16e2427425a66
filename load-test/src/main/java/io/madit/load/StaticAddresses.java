package io.madit.load;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** Targets of several fixed addresses, which grpc-java has no scheme for. */
final class StaticAddresses extends NameResolverProvider {
  private static final String SCHEME = "madit-static";

  static {
    NameResolverRegistry.getDefaultRegistry().register(new StaticAddresses());
  }

  private StaticAddresses() {}

  /**
   * A channel's target.
   *
   * @param addresses each HOST:PORT
   */
  static String target(List<String> addresses) {
    return SCHEME + ":///" + String.join(",", addresses);
  }

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
    if (!SCHEME.equals(target.getScheme())) {
      return null;
    }
    List<EquivalentAddressGroup> servers =
        Arrays.stream(target.getPath().substring(1).split(","))
            .map(StaticAddresses::address)
            .map(EquivalentAddressGroup::new)
            .toList();
    return new NameResolver() {
      private Listener2 listener;

      @Override
      public String getServiceAuthority() {
        return "servers";
      }

      @Override
      public void start(Listener2 told) {
        listener = told;
        tell();
      }

      @Override
      public void refresh() {
        tell();
      }

      private void tell() {
        listener.onResult(
            ResolutionResult.newBuilder().setAddressesOrError(StatusOr.fromValue(servers)).build());
      }

      @Override
      public void shutdown() {}
    };
  }

  private static SocketAddress address(String hostAndPort) {
    int colon = hostAndPort.lastIndexOf(':');
    return new InetSocketAddress(
        hostAndPort.substring(0, colon), Integer.parseInt(hostAndPort.substring(colon + 1)));
  }

  @Override
  public String getDefaultScheme() {
    return SCHEME;
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return 1; // never the default for targets without a scheme
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return List.of(InetSocketAddress.class);
  }
}
