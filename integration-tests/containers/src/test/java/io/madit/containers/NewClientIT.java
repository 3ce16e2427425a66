package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.grpc.ManagedChannel;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokenServiceGrpc;
import io.madit.v1.VisualTokenServiceGrpc.VisualTokenServiceBlockingStub;
import io.madit.v1.VisualTokens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * When an upgrade is rolled back, clients are newer than servers: fields that this server does not
 * know change nothing.
 */
@Timeout(300)
class NewClientIT {
  private static final List<Integer> IDS = IntStream.range(0, 16).boxed().toList();

  /** A number that no message has. */
  private static final int FIELD_OF_THE_FUTURE = 1999;

  @Test
  void fieldsOfTheFuture_changeNothing() throws Exception {
    DetokenizeRequest known =
        DetokenizeRequest.newBuilder()
            .setVisual(VisualTokens.newBuilder().setTokenIds(TokenIds.newBuilder().addAllIds(IDS)))
            .setSampling(SamplingOptions.newBuilder().setSeed(7))
            .setOutput(OutputOptions.newBuilder().setFormat(OutputFormat.OUTPUT_FORMAT_PNG))
            .build();
    DetokenizeRequest newer =
        known.toBuilder()
            .setUnknownFields(future())
            .setSampling(known.getSampling().toBuilder().setUnknownFields(future()))
            .build();
    try (Server server = Server.pico().with("--precision", "float32")) {
      server.start();
      ManagedChannel channel = server.channel();
      VisualTokenServiceBlockingStub stub = VisualTokenServiceGrpc.newBlockingStub(channel);
      assertThat(pixels(stub, newer)).isEqualTo(pixels(stub, known));
    }
  }

  private static UnknownFieldSet future() {
    UnknownFieldSet.Field field =
        UnknownFieldSet.Field.newBuilder()
            .addLengthDelimited(ByteString.copyFromUtf8("newer"))
            .build();
    return UnknownFieldSet.newBuilder().addField(FIELD_OF_THE_FUTURE, field).build();
  }

  private static int[] pixels(VisualTokenServiceBlockingStub stub, DetokenizeRequest request)
      throws IOException {
    byte[] file = stub.detokenize(request).getOutput().getData().toByteArray();
    return Pixels.rgb(ImageIO.read(new ByteArrayInputStream(file)));
  }
}
