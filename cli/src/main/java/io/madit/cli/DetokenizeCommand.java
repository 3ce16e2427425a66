package io.madit.cli;

import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.DetokenizeResponse;
import io.madit.v1.OutputFormat;
import io.madit.v1.OutputOptions;
import io.madit.v1.RunReport;
import io.madit.v1.TokenIds;
import io.madit.v1.VisualTokens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Token ids to a picture file. */
@Command(
    name = "detokenize",
    description = "Draws a picture from visual token ids.",
    mixinStandardHelpOptions = true)
final class DetokenizeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ServerOptions server;
  @Mixin private SamplingFlags sampling;
  @Mixin private CompletionOptions completion;

  @Option(
      names = "--ids",
      required = true,
      paramLabel = "FILE",
      description = "Ids between white space or commas, or JSON; - reads standard input.")
  private String ids;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "The picture: .png, .jpg, .jpeg or .webp.")
  private Path out;

  @Option(names = "--text", paramLabel = "TEXT", description = "What the picture shows.")
  private String text;

  @Option(
      names = "--vocabulary-offset",
      paramLabel = "N",
      description = "Subtracted from each id. Default: ${DEFAULT-VALUE}.",
      defaultValue = "0")
  private int vocabularyOffset;

  @Override
  public Integer call() throws IOException {
    OutputFormat format = format(out);
    TokenIds tokens =
        TokenIds.newBuilder()
            .addAllIds(IdFile.parse(readIds()))
            .setVocabularyOffset(vocabularyOffset)
            .build();
    DetokenizeResponse response;
    try (ServerOptions.Connection connection = server.connect(completion.asked())) {
      DetokenizeRequest.Builder request =
          DetokenizeRequest.newBuilder()
              .setModel(connection.modelName())
              .setVisual(VisualTokens.newBuilder().setTokenIds(tokens))
              .setSampling(sampling.toProto(Optional.empty()))
              .setOutput(OutputOptions.newBuilder().setFormat(format));
      connection.secondModel().ifPresent(name -> request.getCompletionBuilder().setModel(name));
      if (text != null) {
        request.setConditioning(Conditioning.newBuilder().setText(text));
      }
      response = connection.client().detokenize(request.build());
    }
    Files.write(out, response.getOutput().getData().toByteArray());
    spec.commandLine()
        .getOut()
        .printf(
            Locale.ROOT,
            "%s: seed %s, %s%s%n",
            out,
            Long.toUnsignedString(response.getReport().getSeed()),
            completed(response.getReport()),
            PhaseTimes.of(response.getReport().getTimings()));
    spec.commandLine().getOut().flush();
    return 0;
  }

  private static String completed(RunReport report) {
    return report.getChainedList().stream()
        .map(
            chained -> "%d ids by %s, ".formatted(chained.getCompletedTokens(), chained.getModel()))
        .collect(Collectors.joining());
  }

  private String readIds() throws IOException {
    return ids.equals("-")
        ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
        : Files.readString(Path.of(ids));
  }

  /** By the file's name. */
  static OutputFormat format(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".png")) {
      return OutputFormat.OUTPUT_FORMAT_PNG;
    }
    if (name.endsWith(".jpg") || name.endsWith(".jpeg")) {
      return OutputFormat.OUTPUT_FORMAT_JPEG;
    }
    if (name.endsWith(".webp")) {
      return OutputFormat.OUTPUT_FORMAT_WEBP;
    }
    throw new CommandFailure(file + " must end in .png, .jpg, .jpeg or .webp");
  }
}
