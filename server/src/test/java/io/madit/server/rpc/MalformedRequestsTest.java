package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.RunningServer;
import io.madit.server.testing.StreamClient;
import io.madit.v1.BeginImage;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.ImageError;
import io.madit.v1.StreamDetokenizeResponse;
import io.madit.v1.Tensor;
import io.madit.v1.TokenizeRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Random damage over the wire: each request is refused by name, and the server is none the worse.
 */
class MalformedRequestsTest {
  private static final int REQUESTS = 2000;
  private static final List<Integer> REFUSALS =
      List.of(Status.Code.INVALID_ARGUMENT.value(), Status.Code.NOT_FOUND.value());

  @Test
  void twoThousandMalformedRequests_areRefusedByFieldAndLeaveNothingBehind() throws Exception {
    try (RunningServer server = RunningServer.start("pico-buffer")) {
      ByteString before = draw(server);
      Random random = new Random(20250705);
      StreamClient stream = new StreamClient(server);
      for (int i = 0; i < REQUESTS; i++) {
        switch (random.nextInt(3)) {
          case 0 -> unary(server, random);
          case 1 -> tokenize(server, random);
          default -> streamed(stream, random, "image-" + i);
        }
      }
      stream.complete();
      assertThat(draw(server)).isEqualTo(before);
      Gauges.awaitZero(server);
    }
  }

  private static ByteString draw(RunningServer server) {
    return server.blocking().detokenize(Requests.picture(1).build()).getOutput().getData();
  }

  private static void unary(RunningServer server, Random random) {
    DetokenizeRequest.Builder request = Requests.picture(random.nextInt());
    pick(UNARY_DAMAGE, random).accept(request, random);
    if (random.nextBoolean()) {
      pick(UNARY_DAMAGE, random).accept(request, random);
    }
    try {
      server.blocking().detokenize(request.build());
    } catch (StatusRuntimeException e) {
      assertRefused(e, request.toString());
      return;
    }
    throw new AssertionError("was accepted: " + request);
  }

  private static void tokenize(RunningServer server, Random random) {
    TokenizeRequest.Builder request = TokenizeRequest.newBuilder();
    byte[] noise = new byte[random.nextInt(300)];
    random.nextBytes(noise);
    if (random.nextBoolean()) {
      request.getImageBuilder().setEncoded(ByteString.copyFrom(noise));
    } else {
      request
          .getImageBuilder()
          .getRawBuilder()
          .setWidth(random.nextInt())
          .setHeight(random.nextInt())
          .setRgb(ByteString.copyFrom(noise));
    }
    try {
      server.blocking().tokenize(request.build());
    } catch (StatusRuntimeException e) {
      assertRefused(e, request.toString());
      return;
    }
    throw new AssertionError("was accepted: " + request);
  }

  private static void assertRefused(StatusRuntimeException e, String request) {
    assertThat(REFUSALS).as(request).contains(e.getStatus().getCode().value());
    assertThat(Requests.violatedFields(e)).as(request).isNotEmpty();
  }

  private static void streamed(StreamClient stream, Random random, String image)
      throws InterruptedException {
    BeginImage.Builder begin = BeginImage.newBuilder();
    List<Integer> ids = new ArrayList<>(Requests.ids(random.nextInt()));
    switch (random.nextInt(6)) {
      case 0 -> begin.setModel("model " + random.nextInt());
      case 1 -> begin.setPreviewEveryRounds(-1 - random.nextInt(1000));
      case 2 -> begin.getSamplingBuilder().setGuidanceScale(Double.NaN);
      case 3 -> ids.set(random.nextInt(16), 64 + random.nextInt(1 << 20));
      case 4 -> ids.remove(random.nextInt(16));
      default -> ids.add(random.nextInt(64));
    }
    stream.begin(image, begin);
    stream.tokens(image, ids);
    stream.end(image);
    StreamDetokenizeResponse last = stream.last(image);
    ImageError error = last.getError();
    assertThat(last.hasError()).as(begin + " " + ids).isTrue();
    assertThat(REFUSALS).as(error.getMessage()).contains(error.getCode());
    assertThat(Requests.violatedFields(error)).as(error.getMessage()).isNotEmpty();
  }

  private interface Damage {
    void accept(DetokenizeRequest.Builder request, Random random);
  }

  private static Damage damage(Consumer<DetokenizeRequest.Builder> change) {
    return (request, random) -> change.accept(request);
  }

  private static final List<Damage> UNARY_DAMAGE =
      List.of(
          (r, random) ->
              r.getVisualBuilder()
                  .getTokenIdsBuilder()
                  .clearIds()
                  .addAllIds(java.util.Collections.nCopies(17 + random.nextInt(500), 1)),
          (r, random) ->
              r.getVisualBuilder()
                  .getTokenIdsBuilder()
                  .clearIds()
                  .addAllIds(java.util.Collections.nCopies(16, 64 + random.nextInt(1 << 30))),
          (r, random) -> r.getSamplingBuilder().setRounds(1000 + random.nextInt(1 << 30)),
          (r, random) -> r.getSamplingBuilder().setFlowSteps(-1 - random.nextInt(1 << 20)),
          (r, random) -> r.getSamplingBuilder().setGuidanceScale(-1 - random.nextDouble()),
          (r, random) -> r.getSamplingBuilder().setGuidanceScale(1e6 + random.nextDouble()),
          (r, random) -> r.getSamplingBuilder().setTemperature(-random.nextDouble() - 0.1),
          (r, random) -> r.getSamplingBuilder().setPreset("preset " + random.nextInt()),
          (r, random) -> r.getSamplingBuilder().setRevealOrderValue(100 + random.nextInt(1000)),
          (r, random) -> r.setModel("model " + random.nextInt()),
          (r, random) -> r.getOutputBuilder().setFormatValue(50 + random.nextInt(1000)),
          (r, random) -> r.getOutputBuilder().setJpegQuality(101 + random.nextInt(1000)),
          (r, random) ->
              r.getConditioningBuilder()
                  .getTextTokenIdsBuilder()
                  .addIds(128 + random.nextInt(1 << 20)),
          (r, random) -> r.getVisualBuilder().setLatents(randomTensor(random)),
          (r, random) -> r.getVisualBuilder().setContinuousTokens(randomTensor(random)),
          (r, random) -> r.getOptionsBuilder().setPriorityValue(4 + random.nextInt(100)),
          damage(r -> r.clearVisual()),
          damage(r -> r.getSamplingBuilder().setNoiseScale(Double.NaN)),
          damage(r -> r.getSamplingBuilder().setTemperature(Double.POSITIVE_INFINITY)),
          damage(r -> r.getConditioningBuilder().setText("x".repeat(5000))),
          damage(r -> r.getConditioningBuilder().setClassLabel(3)));

  private static Tensor randomTensor(Random random) {
    byte[] data = new byte[random.nextInt(64)];
    random.nextBytes(data);
    Tensor.Builder tensor =
        Tensor.newBuilder().setDtypeValue(random.nextInt(9)).setData(ByteString.copyFrom(data));
    for (int i = random.nextInt(5); i > 0; i--) {
      tensor.addShape(random.nextInt());
    }
    return tensor.build();
  }

  private static Damage pick(List<Damage> from, Random random) {
    return from.get(random.nextInt(from.size()));
  }
}
