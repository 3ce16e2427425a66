package io.madit.cli;

import com.google.protobuf.ByteString;
import io.madit.v1.ImageInput;
import io.madit.v1.TokenizeRequest;
import io.madit.v1.TokenizeResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Picture file to token ids. */
@Command(
    name = "tokenize",
    description = "Turns a picture into visual token ids.",
    mixinStandardHelpOptions = true)
final class TokenizeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ServerOptions server;

  @Parameters(index = "0", paramLabel = "PICTURE", description = "A PNG, JPEG or WebP file.")
  private Path picture;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Where the ids go. Default: the terminal.")
  private Path out;

  @Option(
      names = "--vocabulary-offset",
      paramLabel = "N",
      description = "Added to each id. Default: ${DEFAULT-VALUE}.",
      defaultValue = "0")
  private int vocabularyOffset;

  @Override
  public Integer call() throws IOException {
    ByteString file = ByteString.copyFrom(Files.readAllBytes(picture));
    String ids;
    try (ServerOptions.Connection connection = server.connect()) {
      TokenizeRequest request =
          TokenizeRequest.newBuilder()
              .setModel(connection.modelName())
              .setImage(ImageInput.newBuilder().setEncoded(file))
              .setVocabularyOffset(vocabularyOffset)
              .build();
      TokenizeResponse response = connection.client().tokenize(request);
      ids = IdFile.format(response.getVisual().getTokenIds().getIdsList());
    }
    if (out == null) {
      spec.commandLine().getOut().print(ids);
      spec.commandLine().getOut().flush();
    } else {
      Files.writeString(out, ids);
    }
    return 0;
  }
}
