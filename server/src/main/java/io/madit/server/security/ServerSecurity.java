package io.madit.server.security;

import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.madit.server.config.ConfigException;
import io.madit.server.config.SecurityConfig;
import io.madit.server.config.TlsConfig;
import io.madit.server.config.TlsConfig.ClientAuth;
import io.madit.server.security.Client.Kind;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Credentials in force. They are read again within {@link #RELOAD} of a change of their files. */
public final class ServerSecurity implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerSecurity.class);
  private static final Duration RELOAD = Duration.ofSeconds(10);
  private static final String SCHEME = "Bearer ";

  private final SecurityConfig config;
  private final Optional<TlsFiles> tls;
  private final Optional<WatchedFiles> tokenFile;
  private final ScheduledExecutorService reloader =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "madit-reload");
            thread.setDaemon(true);
            return thread;
          });

  private volatile ClientTokens tokens = new ClientTokens(List.of());

  private ServerSecurity(SecurityConfig config) throws ConfigException {
    this.config = config;
    tls =
        config.tls().isPresent()
            ? Optional.of(TlsFiles.open(config.tls().get()))
            : Optional.empty();
    tokenFile =
        config.tokens().isPresent()
            ? Optional.of(
                WatchedFiles.open(
                    "--auth-tokens",
                    List.of(config.tokens().get()),
                    contents -> tokens = TokenFile.parse(contents.get(0))))
            : Optional.empty();
  }

  /**
   * Reads all files.
   *
   * @throws ConfigException when one cannot be used
   */
  public static ServerSecurity open(SecurityConfig config) throws ConfigException {
    ServerSecurity security = new ServerSecurity(config);
    if (config.insecure()) {
      LOG.warn("plain text (--insecure): whoever can listen on the network reads everything");
    }
    security.reloader.scheduleWithFixedDelay(
        security::checkFiles, RELOAD.toSeconds(), RELOAD.toSeconds(), TimeUnit.SECONDS);
    return security;
  }

  /** TLS of the gRPC port; empty: plain text. */
  public Optional<SslContext> sslContext() {
    return tls.map(TlsFiles::context);
  }

  /** Whether callers must be known; else every method is open. */
  public boolean authenticates() {
    return config.tokens().isPresent() || clientAuth().isPresent();
  }

  /**
   * Who calls.
   *
   * @param authorization the header of that name
   * @param session of TLS
   * @param address of the peer
   */
  public Client identify(
      Optional<String> authorization, Optional<SSLSession> session, SocketAddress address) {
    if (config.tokens().isPresent() && authorization.isPresent()) {
      return byToken(authorization.get()).orElseGet(() -> peer(address));
    }
    return certificateSuffices()
        ? session.flatMap(ServerSecurity::byCertificate).orElseGet(() -> peer(address))
        : peer(address);
  }

  /** Reads files that have changed. The reloading thread does it; tests need not wait for it. */
  public void checkFiles() {
    tls.ifPresent(TlsFiles::check);
    tokenFile.ifPresent(WatchedFiles::check);
  }

  @Override
  public void close() {
    reloader.shutdownNow();
  }

  private Optional<ClientAuth> clientAuth() {
    return config.tls().filter(c -> c.clientAuthority().isPresent()).map(TlsConfig::clientAuth);
  }

  /** Where certificates are required and there are tokens, both are. */
  private boolean certificateSuffices() {
    return clientAuth()
        .map(auth -> auth == ClientAuth.OPTIONAL || config.tokens().isEmpty())
        .orElse(false);
  }

  private Optional<Client> byToken(String authorization) {
    return authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        ? tokens.find(authorization.substring(SCHEME.length()).strip())
        : Optional.empty();
  }

  private static Optional<Client> byCertificate(SSLSession session) {
    return ClientCertificates.name(session)
        .map(name -> new Client(Kind.CERTIFICATE, name, Set.of(Scope.DRAW)));
  }

  private static Client peer(SocketAddress address) {
    return Client.peer(
        address instanceof InetSocketAddress inet && inet.getAddress() != null
            ? inet.getAddress().getHostAddress()
            : "local");
  }
}
