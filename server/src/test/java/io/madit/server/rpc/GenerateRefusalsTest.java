package io.madit.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.server.testing.RunningServer;
import io.madit.v1.GenerateRequest;
import io.madit.v1.Tensor;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a model of text to picture refuses: the field, its bound and the given value are named. */
class GenerateRefusalsTest {
  private static final String VQ = "pico-maskgen-vq";
  private static final String KL = "pico-maskgen-kl";
  private static final int SLOTS = 8;
  private static final int WIDTH = 32;
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", VQ, KL, "pico-mar");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void assertRefused(
      Callable<?> call, Status.Code code, String field, String... parts) {
    StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class, call::call);
    assertThat(refused.getStatus().getCode()).isEqualTo(code);
    assertThat(Requests.violatedFields(refused)).containsExactly(field);
    assertThat(refused.getStatus().getDescription()).contains(field).contains(parts);
  }

  private static Tensor zeros(int... shape) {
    int size = 1;
    for (int length : shape) {
      size *= length;
    }
    return Tensors.float32(new float[size], shape);
  }

  private static GenerateRequest.Builder features() {
    GenerateRequest.Builder request = GenerateRequest.newBuilder().setModel(KL);
    request
        .getConditioningBuilder()
        .getTextEmbeddingsBuilder()
        .setEmbeddings(zeros(SLOTS, WIDTH))
        .setPooled(zeros(WIDTH))
        .setNullEmbeddings(zeros(SLOTS, WIDTH))
        .setNullPooled(zeros(WIDTH));
    return request;
  }

  @ParameterizedTest
  @CsvSource({"7, 32", "9, 32", "8, 31", "8, 33"})
  void embeddingsOfAnotherShape_areRefused(int slots, int width) {
    GenerateRequest.Builder request = features();
    request.getConditioningBuilder().getTextEmbeddingsBuilder().setEmbeddings(zeros(slots, width));
    assertRefused(
        () -> server.blocking().generate(request.build()),
        Status.Code.INVALID_ARGUMENT,
        "conditioning.text_embeddings.embeddings.shape",
        "[8, 32]",
        "is [" + slots + ", " + width + "]");
  }

  @Test
  void nullEmbeddingsOfAnotherWidth_areRefused() {
    GenerateRequest.Builder request = features();
    request
        .getConditioningBuilder()
        .getTextEmbeddingsBuilder()
        .setNullEmbeddings(zeros(SLOTS, WIDTH - 1));
    assertRefused(
        () -> server.blocking().generate(request.build()),
        Status.Code.INVALID_ARGUMENT,
        "conditioning.text_embeddings.null_embeddings.shape",
        "[8, 32]",
        "is [8, 31]");
  }

  private static Callable<?> decodedBy(String decoder) {
    GenerateRequest.Builder request = GenerateRequest.newBuilder().setModel(VQ);
    request.getConditioningBuilder().setText("a red cat");
    request.getDecoderBuilder().setModel(decoder);
    return () -> server.blocking().generate(request.build());
  }

  @Test
  void unknownDecoder_isNotFound() {
    assertRefused(
        decodedBy("nobody"), Status.Code.NOT_FOUND, "decoder.model", "pico-buffer", "\"nobody\"");
  }

  @ParameterizedTest
  @CsvSource({
    "pico-buffer, 16 ids of a codebook of 64",
    "pico-maskgen-kl, it draws tokens",
    "pico-mar, from no tokens"
  })
  void decoderOfOtherTokens_isRefused(String decoder, String takes) {
    assertRefused(
        decodedBy(decoder),
        Status.Code.INVALID_ARGUMENT,
        "decoder.model",
        "16 ids of a codebook of 128",
        "is " + decoder + "@1",
        takes);
  }
}
