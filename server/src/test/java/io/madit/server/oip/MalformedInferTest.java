package io.madit.server.oip;

import static io.madit.server.oip.InferRequests.output;
import static io.madit.server.oip.InferRequests.tensor;
import static io.madit.server.oip.InferRequests.text;
import static io.madit.server.oip.InferRequests.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.madit.inference.InferParameter;
import io.madit.inference.ModelInferRequest;
import io.madit.server.rpc.Gauges;
import io.madit.server.testing.RunningServer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each wrong request is refused with its field, its bound and what was given. */
class MalformedInferTest {
  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer");
  }

  @AfterAll
  static void stop() throws Exception {
    Gauges.awaitZero(server);
    server.close();
  }

  @ParameterizedTest
  @MethodSource
  void wrongRequest_isRefusedByField(
      Status.Code code, String message, Consumer<ModelInferRequest.Builder> damage) {
    ModelInferRequest.Builder request = InferRequests.raw(1, 2);
    damage.accept(request);
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () -> InferRequests.stub(server.channel()).modelInfer(request.build()));
    assertThat(e.getStatus().getDescription()).contains(message);
    assertThat(e.getStatus().getCode()).isEqualTo(code);
  }

  private static Arguments invalid(String message, Consumer<ModelInferRequest.Builder> damage) {
    return Arguments.of(Status.Code.INVALID_ARGUMENT, message, damage);
  }

  private static Arguments named(
      Status.Code code, String message, Consumer<ModelInferRequest.Builder> damage) {
    return Arguments.of(code, message, damage);
  }

  static Stream<Arguments> wrongRequest_isRefusedByField() {
    return Stream.concat(wrongInputs(), wrongRest());
  }

  private static Stream<Arguments> wrongInputs() {
    return Stream.of(
        invalid("inputs.TOKEN_IDS must be given", r -> r.clearInputs().clearRawInputContents()),
        invalid("raw_input_contents.length must be 2, is 1", r -> drop(r, 1)),
        invalid("inputs.TOKEN_IDS.bytes must be 256, is 5", r -> bytes(r, 0, "short")),
        invalid("inputs.SEED.bytes must be 16, is 0", r -> bytes(r, 1, "")),
        invalid(
            "inputs.TOKEN_IDS.datatype must be INT64 or INT32 or UINT32, is \"FP32\"",
            r -> r.setInputs(0, tensor("TOKEN_IDS", "FP32", 2, 16))),
        invalid(
            "inputs.TOKEN_IDS.shape must be [16] or [batch, 16], is [2, 15]",
            r -> r.setInputs(0, tensor("TOKEN_IDS", "INT64", 2, 15))),
        invalid(
            "inputs.TOKEN_IDS.shape must be [16] or [batch, 16], is []",
            r -> r.setInputs(0, tensor("TOKEN_IDS", "INT64"))),
        invalid(
            "inputs.TOKEN_IDS.shape[0] must be 1 to 4, is 5",
            r -> r.setInputs(0, tensor("TOKEN_IDS", "INT64", 5, 16))),
        invalid(
            "inputs.TOKEN_IDS.shape[0] must be 1 to 4, is -1",
            r -> r.setInputs(0, tensor("TOKEN_IDS", "INT64", -1, 16))),
        invalid(
            "inputs.SEED.shape must be [2, 1], is [2]",
            r -> r.setInputs(1, tensor("SEED", "UINT64", 2))),
        invalid(
            "inputs[1].name must be one of [TOKEN_IDS, SEED, TEXT], is \"NOISE\"",
            r -> r.setInputs(1, tensor("NOISE", "UINT64", 2, 1))),
        invalid(
            "inputs[1].name must not be given twice, is TOKEN_IDS",
            r -> r.setInputs(1, tensor("TOKEN_IDS", "INT64", 2, 16))),
        invalid(
            "inputs.TEXT.bytes must be elements with their 4-byte lengths before them",
            r -> {
              r.setInputs(1, tensor("TEXT", "BYTES", 2, 1));
              bytes(r, 1, "abc");
            }),
        invalid(
            "inputs.TOKEN_IDS.contents must be absent beside raw_input_contents",
            r -> r.getInputsBuilder(0).getContentsBuilder().addInt64Contents(1)),
        invalid(
            "inputs.TOKEN_IDS[1][15] must be 0 to 63",
            r -> r.setRawInputContents(0, lastId(r.getRawInputContents(0)))));
  }

  private static Stream<Arguments> wrongRest() {
    return Stream.of(
        invalid(
            "parameters.rounds must be 1 to 128, is 0", r -> r.putParameters("rounds", whole(0))),
        invalid(
            "parameters.rounds must be a whole number, is \"many\"",
            r -> r.putParameters("rounds", text("many"))),
        invalid("must be of [", r -> r.putParameters("steps", whole(3))),
        invalid(
            "parameters.format must be png, jpeg or webp, is \"gif\"",
            r -> r.putParameters("format", text("gif"))),
        invalid(
            "parameters.priority must be 0 to 3, is 9", r -> r.putParameters("priority", whole(9))),
        invalid(
            "parameters.timeout must be a whole number, is not set",
            r -> r.putParameters("timeout", InferParameter.getDefaultInstance())),
        invalid(
            "inputs.SEED must be absent beside parameters.seed",
            r -> r.putParameters("seed", whole(1))),
        invalid("id.length must be 0 to 128, is 129", r -> r.setId("x".repeat(129))),
        invalid(
            "outputs[0].name must be one of [IMAGE, IMAGE_FILE, SEED], is \"LATENTS\"",
            r -> r.addOutputs(output("LATENTS"))),
        invalid(
            "outputs[1].name must not be given twice, is IMAGE",
            r -> r.addOutputs(output("IMAGE")).addOutputs(output("IMAGE"))),
        named(Status.Code.NOT_FOUND, "must be one of [pico-buffer", r -> r.setModelName("other")),
        named(
            Status.Code.NOT_FOUND,
            "the version of model pico-buffer must be one of [1], is \"7\"",
            r -> r.setModelVersion("7")),
        named(
            Status.Code.UNIMPLEMENTED,
            "inputs.SEED must be in the message: there is no shared memory",
            r -> r.getInputsBuilder(1).putParameters("shared_memory_region", text("a"))));
  }

  private static void drop(ModelInferRequest.Builder request, int index) {
    ByteString kept = request.getRawInputContents(1 - index);
    request.clearRawInputContents().addRawInputContents(kept);
  }

  private static void bytes(ModelInferRequest.Builder request, int index, String bytes) {
    request.setRawInputContents(index, ByteString.copyFromUtf8(bytes));
  }

  /** The last id of the last picture becomes 64, which is one too many. */
  private static ByteString lastId(ByteString ids) {
    byte[] bytes = ids.toByteArray();
    bytes[bytes.length - Long.BYTES] = 64;
    return ByteString.copyFrom(bytes);
  }
}
