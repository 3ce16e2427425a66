package io.madit.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.GetModelRequest;
import io.madit.v1.GetModelResponse;
import io.madit.v1.Model;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceImplBase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Against a server that turns the first request away. */
class RetryTest {
  private static final class TurnsFirstAway extends VisualTokenServiceImplBase {
    private final AtomicInteger calls = new AtomicInteger();

    @Override
    public void getModel(GetModelRequest request, StreamObserver<GetModelResponse> reply) {
      Model model = Model.newBuilder().setCodebookSize(8).addTokenCounts(4).build();
      reply.onNext(GetModelResponse.newBuilder().setModel(model).build());
      reply.onCompleted();
    }

    @Override
    public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> reply) {
      if (calls.incrementAndGet() == 1) {
        reply.onError(Status.UNAVAILABLE.asRuntimeException());
      } else {
        reply.onNext(DetokenizeResponse.getDefaultInstance());
        reply.onCompleted();
      }
    }
  }

  @TempDir private Path folder;
  private final TurnsFirstAway service = new TurnsFirstAway();
  private Server server;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(service)
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    server.shutdownNow();
  }

  @Test
  void withRetry_turnedAwayRequestIsSentAgain() throws Exception {
    JsonNode counts = counts("--retry");
    assertThat(counts.path("OK").asInt()).isEqualTo(3);
    assertThat(service.calls).hasValue(4);
  }

  @Test
  void withoutRetry_eachRequestIsSentOnce() throws Exception {
    JsonNode counts = counts();
    assertThat(counts.path("OK").asInt()).isEqualTo(2);
    assertThat(counts.path("UNAVAILABLE").asInt()).isEqualTo(1);
    assertThat(service.calls).hasValue(3);
  }

  private JsonNode counts(String... more) throws Exception {
    Path json = folder.resolve("report.json");
    List<String> arguments = new ArrayList<>(List.of("load", "--rate=100", "--arrivals=3"));
    arguments.addAll(List.of("--deadline-ms=60000", "--json=" + json));
    arguments.add("--server=127.0.0.1:" + server.getPort());
    arguments.addAll(List.of(more));
    CommandLine line = Bench.commandLine().setOut(new PrintWriter(new StringWriter()));
    assertThat(line.execute(arguments.toArray(String[]::new))).isZero();
    return new ObjectMapper().readTree(json.toFile()).at("/load/tally/counts");
  }
}
