package io.madit.cli;

import com.google.protobuf.ByteString;
import io.madit.v1.Conditioning;
import io.madit.v1.DetokenizeRequest;
import io.madit.v1.ImageInput;
import io.madit.v1.Model;
import io.madit.v1.SamplingOptions;
import io.madit.v1.TokenizeRequest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Pictures of which only the first ids are known, as if a language model had stopped early. */
@Command(
    name = "complete",
    description = {
      "Shows what becomes of pictures when only a part of their ids is known and a model draws the others.",
      "Writes a sheet: the picture, all its ids, the first ids completed, the first ids and random ones."
    },
    mixinStandardHelpOptions = true)
final class CompleteCommand implements Callable<Integer> {
  private static final long SEED = 7;

  @Spec private CommandSpec spec;
  @Mixin private ServerOptions server;
  @Mixin private SamplingFlags sampling;
  @Mixin private CompletionOptions completion;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The sheet, a .png file. Default: ${DEFAULT-VALUE}.",
      defaultValue = "completed.png")
  private Path out;

  @Option(
      names = "--from",
      paramLabel = "DIR",
      description = "PNG files and captions.json. Default: the held-out pictures in demo/pictures.")
  private Path from;

  @Option(
      names = "--known",
      paramLabel = "SHARE",
      description = "Share of the ids that is known, 0 to 1. Default: ${DEFAULT-VALUE}.",
      defaultValue = "0.25")
  private double known;

  @Option(names = "--pictures", paramLabel = "N", description = "How many at most. Default: all.")
  private Integer limit;

  @Override
  public Integer call() throws IOException {
    if (!(known >= 0 && known <= 1)) {
      throw new CommandFailure("--known is " + known + ", it must be 0 to 1");
    }
    if (limit != null && limit < 1) {
      throw new CommandFailure("--pictures is " + limit + ", it must be at least 1");
    }
    Path folder = from == null ? ServerOptions.home().resolve("demo/pictures") : from;
    List<DemoPicture> pictures =
        DemoPicture.readAll(folder, limit == null ? Integer.MAX_VALUE : limit);
    Optional<String> second = completion.orDefault(server.running());
    try (ServerOptions.Connection connection = server.connect(second)) {
      String completer = connection.secondModel().orElseThrow();
      Model model = connection.client().model(connection.modelName());
      int kept = (int) Math.round(known * model.getDefaultTokenCount());
      List<List<ContactSheet.Cell>> rows = new ArrayList<>();
      for (DemoPicture picture : pictures) {
        rows.add(row(connection.client(), model, completer, picture, kept));
      }
      String title =
          "%d of %d ids known; the others by %s"
              .formatted(kept, model.getDefaultTokenCount(), completer);
      List<String> headings = List.of("picture", "all ids", "completed", "random");
      PictureFile.writePng(new ContactSheet(title, headings, rows).draw(), out);
    }
    spec.commandLine().getOut().println("sheet: " + out.toAbsolutePath().normalize());
    spec.commandLine().getOut().flush();
    return 0;
  }

  private List<ContactSheet.Cell> row(
      MaditClient client, Model model, String completer, DemoPicture picture, int kept) {
    BufferedImage fitted =
        PictureFile.fit(picture.picture(), model.getImageWidth(), model.getImageHeight());
    List<Integer> ids = ids(client, model, fitted);
    List<Integer> first = ids.subList(0, kept);
    List<Integer> random = new ArrayList<>(first);
    new Random(SEED).ints(ids.size() - kept, 0, model.getCodebookSize()).forEach(random::add);
    DetokenizeRequest.Builder partial = request(model, picture, first);
    partial.getCompletionBuilder().setModel(completer);
    return List.of(
        new ContactSheet.Cell(fitted, picture.name()),
        cell(client, fitted, request(model, picture, ids)),
        cell(client, fitted, partial),
        cell(client, fitted, request(model, picture, random)));
  }

  private static List<Integer> ids(MaditClient client, Model model, BufferedImage picture) {
    ImageInput image =
        ImageInput.newBuilder().setEncoded(ByteString.copyFrom(PictureFile.png(picture))).build();
    return client
        .tokenize(TokenizeRequest.newBuilder().setModel(model.getName()).setImage(image).build())
        .getVisual()
        .getTokenIds()
        .getIdsList();
  }

  private DetokenizeRequest.Builder request(Model model, DemoPicture picture, List<Integer> ids) {
    SamplingOptions options = sampling.toProto(Optional.of(SEED));
    DetokenizeRequest.Builder request =
        DetokenizeRequest.newBuilder().setModel(model.getName()).setSampling(options);
    request.getVisualBuilder().getTokenIdsBuilder().addAllIds(ids);
    if (!picture.caption().isEmpty() && model.hasText()) {
      request.setConditioning(Conditioning.newBuilder().setText(picture.caption()));
    }
    return request;
  }

  /** Labelled with its likeness to the picture. */
  private static ContactSheet.Cell cell(
      MaditClient client, BufferedImage picture, DetokenizeRequest.Builder request) {
    byte[] file = client.detokenize(request.build()).getOutput().getData().toByteArray();
    BufferedImage drawn = PictureFile.parse(file);
    return new ContactSheet.Cell(drawn, Psnr.format(Psnr.decibels(picture, drawn)));
  }
}
