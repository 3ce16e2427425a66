package io.madit.server.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.ImageError;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Requests that tests share, and readers of what comes back. */
final class Requests {
  static final int TOKENS = 16;
  static final int CODEBOOK = 64;

  private Requests() {}

  /** Ids of a picture of pico-buffer. */
  static List<Integer> ids(long seed) {
    return new Random(seed).ints(TOKENS, 0, CODEBOOK).boxed().toList();
  }

  static DetokenizeRequest.Builder picture(long seed) {
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder()
            .setVisual(
                VisualTokens.newBuilder().setTokenIds(TokenIds.newBuilder().addAllIds(ids(seed))));
    request.getSamplingBuilder().setSeed(seed);
    return request;
  }

  static List<String> violatedFields(StatusRuntimeException e) {
    return violatedFields(StatusProto.fromThrowable(e).getDetailsList());
  }

  static List<String> violatedFields(ImageError error) {
    return violatedFields(error.getDetailsList());
  }

  private static List<String> violatedFields(List<Any> details) {
    List<String> fields = new ArrayList<>();
    for (Any detail : details) {
      if (detail.is(BadRequest.class)) {
        try {
          detail
              .unpack(BadRequest.class)
              .getFieldViolationsList()
              .forEach(v -> fields.add(v.getField()));
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    return fields;
  }
}
