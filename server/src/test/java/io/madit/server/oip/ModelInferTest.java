package io.madit.server.oip;

import static io.madit.server.oip.InferRequests.element;
import static io.madit.server.oip.InferRequests.elements;
import static io.madit.server.oip.InferRequests.littleEndian;
import static io.madit.server.oip.InferRequests.output;
import static io.madit.server.oip.InferRequests.tensor;
import static io.madit.server.oip.InferRequests.text;
import static io.madit.server.oip.InferRequests.whole;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.madit.inference.InferParameter;
import io.madit.inference.InferTensorContents;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferResponse;
import io.madit.server.testing.RunningServer;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.RevealOrder;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ModelInferTest {
  private static final int PIXEL_BYTES = 3 * 64 * 64;

  private static RunningServer server;

  @BeforeAll
  static void start() throws Exception {
    server = RunningServer.start("pico-buffer", "pico-velocity");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static ModelInferResponse infer(ModelInferRequest.Builder request) {
    return InferRequests.stub(server.channel()).modelInfer(request.build());
  }

  private static ByteString own(DetokenizeRequest.Builder request) {
    return server.blocking().detokenize(request.build()).getOutput().getData();
  }

  @Test
  void typedContents_drawThePictureOfOurOwnApi() {
    ModelInferResponse response = infer(InferRequests.typed(1));
    assertThat(elements(response, "IMAGE")).isEqualTo(own(InferRequests.own(1)));
    assertThat(response.getModelName()).isEqualTo("pico-buffer");
    assertThat(response.getModelVersion()).isEqualTo("1");
    assertThat(response.getId()).isEqualTo("picture-1");
    assertThat(response.getOutputs(0).getShapeList()).containsExactly(64L, 64L, 3L);
    assertThat(response.getOutputs(0).getDatatype()).isEqualTo("UINT8");
  }

  @Test
  void rawContents_drawABatch() {
    ModelInferResponse response = infer(InferRequests.raw(2, 3).addOutputs(output("IMAGE")));
    assertThat(response.getOutputsCount()).isEqualTo(1);
    assertThat(response.getOutputs(0).getShapeList()).containsExactly(2L, 64L, 64L, 3L);
    ByteString pixels = response.getRawOutputContents(0);
    assertSamePicture(pixels.substring(0, PIXEL_BYTES), own(InferRequests.own(2)));
    assertSamePicture(pixels.substring(PIXEL_BYTES), own(InferRequests.own(3)));
  }

  /** Neighbours in a round may change the last bits of a sum, and so a pixel by one level. */
  private static void assertSamePicture(ByteString pixels, ByteString expected) {
    assertThat(pixels.size()).isEqualTo(expected.size());
    for (int i = 0; i < pixels.size(); i++) {
      assertThat(Math.abs((pixels.byteAt(i) & 0xFF) - (expected.byteAt(i) & 0xFF)))
          .as("byte %s", i)
          .isLessThanOrEqualTo(1);
    }
  }

  @Test
  void ids_mayBe32BitsWide() {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    InferRequests.ids(4).forEach(contents::addUintContents);
    ModelInferRequest.Builder request = InferRequests.typed(4);
    request.setInputs(0, tensor("TOKEN_IDS", "UINT32", 1, 16).setContents(contents));
    assertThat(elements(infer(request), "IMAGE")).isEqualTo(own(InferRequests.own(4)));
  }

  @Test
  void file_hasTritonsLengthBeforeIt() {
    DetokenizeRequest.Builder same = InferRequests.own(5);
    same.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_JPEG).setJpegQuality(70);
    ModelInferResponse response =
        infer(
            InferRequests.typed(5)
                .addOutputs(output("IMAGE_FILE"))
                .putParameters("format", text("jpeg"))
                .putParameters("jpeg_quality", whole(70)));
    assertThat(response.getRawOutputContentsList()).containsExactly(element(own(same)));
    assertThat(response.getOutputs(0).getDatatype()).isEqualTo("BYTES");
    assertThat(response.getOutputs(0).getParametersOrThrow("media_type").getStringParam())
        .isEqualTo("image/jpeg");
  }

  @Test
  void parameters_areOptionsOfOurOwnApi() {
    DetokenizeRequest.Builder same = InferRequests.own(6);
    same.getSamplingBuilder()
        .setRounds(3)
        .setGuidanceScale(1.5)
        .setRevealOrder(RevealOrder.REVEAL_ORDER_RASTER);
    ModelInferRequest.Builder request =
        InferRequests.typed(6)
            .putParameters("rounds", whole(3))
            .putParameters(
                "guidance_scale", InferParameter.newBuilder().setDoubleParam(1.5).build())
            .putParameters("reveal_order", text("raster"));
    assertThat(elements(infer(request), "IMAGE")).isEqualTo(own(same));
  }

  @Test
  void text_conditions() {
    DetokenizeRequest.Builder same = InferRequests.own(7);
    same.getConditioningBuilder().setText("a tree");
    ModelInferRequest.Builder request = InferRequests.raw(7);
    request
        .addInputs(tensor("TEXT", "BYTES", 1, 1))
        .addRawInputContents(element(ByteString.copyFromUtf8("a tree")));
    assertThat(elements(infer(request), "IMAGE")).isEqualTo(own(same));
  }

  @Test
  void seed_isToldWhenTheServerChoseIt() {
    ModelInferResponse first = infer(InferRequests.typed(8).clearParameters());
    long seed =
        elements(first, "SEED").asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getLong();
    ModelInferResponse again = infer(InferRequests.typed(8).putParameters("seed", whole(seed)));
    assertThat(elements(again, "IMAGE")).isEqualTo(elements(first, "IMAGE"));
  }

  @Test
  void seed_hasAll64Bits() {
    long seed = -3;
    DetokenizeRequest.Builder same = InferRequests.own(9);
    same.getSamplingBuilder().setSeed(seed);
    ModelInferRequest.Builder request = InferRequests.raw(9);
    request.setRawInputContents(1, ByteString.copyFrom(littleEndian(Long.BYTES).putLong(0, seed)));
    assertThat(elements(infer(request), "IMAGE")).isEqualTo(own(same));
  }

  @Test
  void otherModel_isChosenByNameAndVersion() {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    for (int i = 0; i < 64; i++) {
      contents.addInt64Contents(i);
    }
    ModelInferRequest.Builder request =
        ModelInferRequest.newBuilder()
            .setModelName("pico-velocity")
            .setModelVersion("1")
            .addInputs(tensor("TOKEN_IDS", "INT64", 64).setContents(contents));
    assertThat(infer(request).getOutputs(0).getShapeList()).containsExactly(128L, 128L, 3L);
  }
}
