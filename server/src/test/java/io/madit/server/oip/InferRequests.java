package io.madit.server.oip;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.madit.inference.GRPCInferenceServiceGrpc;
import io.madit.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import io.madit.inference.InferParameter;
import io.madit.inference.InferTensorContents;
import io.madit.inference.ModelInferRequest;
import io.madit.inference.ModelInferRequest.InferInputTensor;
import io.madit.inference.ModelInferRequest.InferRequestedOutputTensor;
import io.madit.inference.ModelInferResponse;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Requests for pico-buffer in both of our APIs. */
final class InferRequests {
  static final int TOKENS = 16;
  private static final int CODEBOOK = 64;

  private InferRequests() {}

  /** Calls fail after a minute instead of hanging the build. */
  static GRPCInferenceServiceBlockingStub stub(Channel channel) {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  static List<Integer> ids(long seed) {
    return new Random(seed).ints(TOKENS, 0, CODEBOOK).boxed().toList();
  }

  /** One picture without a batch dimension, its ids as typed contents. */
  static ModelInferRequest.Builder typed(long seed) {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    ids(seed).forEach(contents::addInt64Contents);
    return ModelInferRequest.newBuilder()
        .setModelName("pico-buffer")
        .setId("picture-" + seed)
        .addInputs(tensor("TOKEN_IDS", "INT64", TOKENS).setContents(contents))
        .putParameters("seed", whole(seed));
  }

  /** Pictures with a batch dimension, all inputs as bytes. */
  static ModelInferRequest.Builder raw(long... seeds) {
    ByteBuffer ids = littleEndian(Long.BYTES * TOKENS * seeds.length);
    ByteBuffer seedBytes = littleEndian(Long.BYTES * seeds.length);
    for (long seed : seeds) {
      ids(seed).forEach(id -> ids.putLong(id));
      seedBytes.putLong(seed);
    }
    return ModelInferRequest.newBuilder()
        .setModelName("pico-buffer")
        .addInputs(tensor("TOKEN_IDS", "INT64", seeds.length, TOKENS))
        .addInputs(tensor("SEED", "UINT64", seeds.length, 1))
        .addRawInputContents(ByteString.copyFrom(ids.rewind()))
        .addRawInputContents(ByteString.copyFrom(seedBytes.rewind()));
  }

  static InferInputTensor.Builder tensor(String name, String datatype, long... shape) {
    InferInputTensor.Builder tensor =
        InferInputTensor.newBuilder().setName(name).setDatatype(datatype);
    for (long dim : shape) {
      tensor.addShape(dim);
    }
    return tensor;
  }

  static InferRequestedOutputTensor output(String name) {
    return InferRequestedOutputTensor.newBuilder().setName(name).build();
  }

  static InferParameter whole(long value) {
    return InferParameter.newBuilder().setInt64Param(value).build();
  }

  static InferParameter text(String value) {
    return InferParameter.newBuilder().setStringParam(value).build();
  }

  /** One BYTES element as Triton writes it. */
  static ByteString element(ByteString bytes) {
    ByteBuffer length = littleEndian(Integer.BYTES).putInt(0, bytes.size());
    return ByteString.copyFrom(length).concat(bytes);
  }

  static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The elements of an output. */
  static ByteString elements(ModelInferResponse response, String name) {
    for (int i = 0; i < response.getOutputsCount(); i++) {
      if (response.getOutputs(i).getName().equals(name)) {
        return response.getRawOutputContents(i);
      }
    }
    throw new AssertionError("no output " + name);
  }

  /** The same picture of our own API. */
  static DetokenizeRequest.Builder own(long seed) {
    DetokenizeRequest.Builder request = DetokenizeRequest.newBuilder();
    request.getVisualBuilder().getTokenIdsBuilder().addAllIds(ids(seed));
    request.getSamplingBuilder().setSeed(seed);
    request.getOutputBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_RAW_RGB);
    return request;
  }
}
