package io.madit.containers;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.TextFormat;
import io.grpc.CallOptions;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.madit.client.MaditClient;
import io.madit.client.PictureOptions;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * In a rolling upgrade clients are older than servers: one with the API as it was first published,
 * whose descriptors are {@code first-api.pb}, draws with the server of today.
 */
@Timeout(300)
class OldClientIT {
  private static final int[] IDS = IntStream.range(0, 16).toArray();

  @Test
  void firstApi_drawsWhatTodaysDraws() throws Exception {
    MethodDescriptor detokenize =
        firstApi()
            .get("madit/v1/service.proto")
            .findServiceByName("VisualTokenService")
            .findMethodByName("Detokenize");
    DynamicMessage.Builder request = DynamicMessage.newBuilder(detokenize.getInputType());
    TextFormat.merge(
        "visual { token_ids { ids: [%s] } } sampling { seed: 7 } output { format: OUTPUT_FORMAT_PNG }"
            .formatted(
                Arrays.stream(IDS).mapToObj(Integer::toString).collect(Collectors.joining(","))),
        request);
    try (Server server = Server.pico().with("--precision", "float32")) {
      server.start();
      DynamicMessage answer =
          ClientCalls.blockingUnaryCall(
              server.channel(), method(detokenize), CallOptions.DEFAULT, request.build());
      DynamicMessage output = (DynamicMessage) field(answer, "output");
      ByteString file = (ByteString) field(output, "data");
      try (MaditClient today = server.client()) {
        assertThat(Pixels.rgb(ImageIO.read(new ByteArrayInputStream(file.toByteArray()))))
            .isEqualTo(
                Pixels.rgb(today.detokenize(IDS, PictureOptions.defaults().withSeed(7)).image()));
      }
    }
  }

  private static Object field(DynamicMessage message, String name) {
    FieldDescriptor field = message.getDescriptorForType().findFieldByName(name);
    return message.getField(field);
  }

  private static io.grpc.MethodDescriptor<DynamicMessage, DynamicMessage> method(
      MethodDescriptor method) {
    return io.grpc.MethodDescriptor.<DynamicMessage, DynamicMessage>newBuilder()
        .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(method.getService().getFullName() + "/" + method.getName())
        .setRequestMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getInputType())))
        .setResponseMarshaller(
            ProtoUtils.marshaller(DynamicMessage.getDefaultInstance(method.getOutputType())))
        .build();
  }

  /** The files by name; each stands after those that it imports. */
  private static Map<String, FileDescriptor> firstApi() throws Exception {
    Map<String, FileDescriptor> files = new LinkedHashMap<>();
    try (InputStream in = OldClientIT.class.getResourceAsStream("/first-api.pb")) {
      for (FileDescriptorProto file : FileDescriptorSet.parseFrom(in).getFileList()) {
        FileDescriptor[] imports =
            file.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
        files.put(file.getName(), FileDescriptor.buildFrom(file, imports));
      }
    }
    return files;
  }
}
