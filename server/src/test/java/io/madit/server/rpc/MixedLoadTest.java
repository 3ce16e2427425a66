package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.madit.server.testing.RunningServer;
import io.madit.v1.CompleteTokensRequest;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.GenerateRequest;
import io.madit.v1.GetModelRequest;
import io.madit.v1.Model;
import io.madit.v1.Output;
import io.madit.v1.OutputFormat;
import io.madit.v1.TokenIds;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Five families in one server on the real runtime, each under the pressure of all the others. */
class MixedLoadTest {
  /** Of each family: two clients that want eight answers, to four different requests. */
  private static final int CLIENTS = 2;

  private static final int ANSWERS = 8;
  private static final int SEEDS = 4;

  private static RunningServer server;

  private enum Family {
    MADIT("pico-buffer") {
      @Override
      ByteString ask(long seed) {
        DetokenizeRequest.Builder request = Requests.picture(seed).setModel(model);
        request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
        return server.blocking().detokenize(request.build()).getOutput().getData();
      }

      /** Grey levels: one on 99.9 % of values, never more than three. */
      @Override
      void compare(ByteString answer, ByteString alone) {
        int[] differences =
            IntStream.range(0, alone.size())
                .map(i -> Math.abs((answer.byteAt(i) & 0xff) - (alone.byteAt(i) & 0xff)))
                .toArray();
        assertThat(IntStream.of(differences).max().orElseThrow()).isLessThanOrEqualTo(3);
        assertThat(IntStream.of(differences).filter(difference -> difference > 1).count())
            .isLessThanOrEqualTo(differences.length / 1000);
      }
    },
    V2FLOW("pico-v2flow"),
    MAR("pico-mar") {
      @Override
      ByteString ask(long seed) {
        GenerateRequest.Builder request = GenerateRequest.newBuilder().setModel(model);
        request.getConditioningBuilder().setClassLabel((int) seed);
        request.getSamplingBuilder().setSeed(seed);
        request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
        return tensor(server.blocking().generate(request.build()).getOutput());
      }
    },
    TA_TITOK("pico-ta-titok"),
    MASKGIL("pico-maskgil") {
      /** A quarter is known. */
      @Override
      ByteString ask(long seed) {
        CompleteTokensRequest.Builder request = CompleteTokensRequest.newBuilder().setModel(model);
        request.getKnownBuilder().addAllIds(Requests.ids(seed).subList(0, Requests.TOKENS / 4));
        request.getKnownBuilder().setTokenCount(Requests.TOKENS);
        request.getSamplingBuilder().setSeed(seed);
        return server.blocking().completeTokens(request.build()).getTokens().toByteString();
      }

      @Override
      void compare(ByteString answer, ByteString alone) {
        assertThat(answer).isEqualTo(alone);
      }
    };

    final String model;

    Family(String model) {
      this.model = model;
    }

    /** What request {@code seed} comes to; by default the latents of random ids. */
    ByteString ask(long seed) {
      DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder().setModel(model);
      request.getVisualBuilder().setTokenIds(ids(seed));
      request.getSamplingBuilder().setSeed(seed);
      request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_LATENTS);
      return tensor(server.blocking().detokenize(request.build()).getOutput());
    }

    private TokenIds ids(long seed) {
      Model facts =
          server
              .blocking()
              .getModel(GetModelRequest.newBuilder().setModel(model).build())
              .getModel();
      TokenIds.Builder ids = TokenIds.newBuilder();
      new Random(seed)
          .ints(facts.getDefaultTokenCount(), 0, facts.getCodebookSize())
          .forEach(ids::addIds);
      return ids.build();
    }

    static ByteString tensor(Output output) {
      return output.getTensor().getData();
    }

    /** By default float32: to rounding. */
    void compare(ByteString answer, ByteString alone) {
      FloatBuffer expected = floats(alone);
      FloatBuffer given = floats(answer);
      assertThat(given.remaining()).isEqualTo(expected.remaining());
      while (expected.hasRemaining()) {
        float value = expected.get();
        assertThat(Math.abs(given.get() - value))
            .isLessThanOrEqualTo(1e-4f * (1 + Math.abs(value)));
      }
    }

    private static FloatBuffer floats(ByteString data) {
      return data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }
  }

  @BeforeAll
  static void start() throws Exception {
    server =
        RunningServer.start(
            "pico-buffer", "pico-v2flow", "pico-mar", "pico-ta-titok", "pico-maskgil");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** Nobody stops asking before every family has had its answers: one that starved would hang. */
  @Test
  @Timeout(300)
  void everyFamily_getsItsAnswersUnderPressure_andTheyEqualItsSoloRuns() throws Exception {
    Map<Family, List<ByteString>> alone = new EnumMap<>(Family.class);
    for (Family family : Family.values()) {
      alone.put(family, IntStream.range(0, SEEDS).mapToObj(family::ask).toList());
    }
    CountDownLatch unserved = new CountDownLatch(Family.values().length);
    ExecutorService clients = Executors.newFixedThreadPool(CLIENTS * Family.values().length);
    try {
      List<Future<Integer>> asked = new ArrayList<>();
      for (Family family : Family.values()) {
        AtomicInteger served = new AtomicInteger();
        for (int client = 0; client < CLIENTS; client++) {
          int first = client;
          asked.add(
              clients.submit(() -> press(family, first, alone.get(family), served, unserved)));
        }
      }
      int answers = 0;
      for (Future<Integer> client : asked) {
        answers += client.get();
      }
      assertThat(answers).isGreaterThanOrEqualTo(ANSWERS * Family.values().length);
    } finally {
      clients.shutdownNow();
    }
  }

  /** Asks until every family is served; the number of answers. */
  private static int press(
      Family family,
      int first,
      List<ByteString> alone,
      AtomicInteger served,
      CountDownLatch unserved) {
    int answers = 0;
    while (unserved.getCount() > 0) {
      int seed = (first + answers) % SEEDS;
      family.compare(family.ask(seed), alone.get(seed));
      answers++;
      if (served.incrementAndGet() == ANSWERS) {
        unserved.countDown();
      }
    }
    return answers;
  }
}
