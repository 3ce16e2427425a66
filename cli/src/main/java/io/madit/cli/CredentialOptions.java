package io.madit.cli;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What a running server asks for: TLS, a client certificate, a token. */
final class CredentialOptions {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @Option(names = "--tls", description = "With --server: TLS, with the authorities Java knows.")
  private boolean tls;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description = "With --server: TLS, with these PEM authorities.")
  private Path authority;

  @Option(
      names = "--tls-certificate",
      paramLabel = "FILE",
      description = "PEM client certificate, for mutual TLS.")
  private Path certificate;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "Its PKCS#8 PEM private key.")
  private Path key;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "With --server: file whose content is the bearer token.")
  private Path token;

  /** Whether anything was given. */
  boolean given() {
    return usesTls() || token != null;
  }

  /** A channel to a running server. */
  ManagedChannelBuilder<?> channel(String address) {
    ManagedChannelBuilder<?> builder = Grpc.newChannelBuilder(address, credentials());
    if (token != null) {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + read("--token-file", token).strip());
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    return builder;
  }

  private boolean usesTls() {
    return tls || authority != null || certificate != null || key != null;
  }

  private ChannelCredentials credentials() {
    if ((certificate == null) != (key == null)) {
      throw new CommandFailure("--tls-certificate and --tls-key need each other");
    }
    if (!usesTls()) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
    try {
      if (authority != null) {
        builder.trustManager(authority.toFile());
      }
      if (certificate != null) {
        builder.keyManager(certificate.toFile(), key.toFile());
      }
      return builder.build();
    } catch (IOException e) {
      throw new CommandFailure("cannot read the TLS files: " + e.getMessage(), e);
    }
  }

  private static String read(String flag, Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new CommandFailure(flag + " " + file + ": no such file", e);
    } catch (IOException e) {
      throw new CommandFailure(flag + " " + file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
