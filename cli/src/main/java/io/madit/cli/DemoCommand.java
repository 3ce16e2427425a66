package io.madit.cli;

import io.madit.v1.Model;
import io.madit.v1.SamplingOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Pictures to tokens and back over gRPC, as a language model would stream them. */
@Command(
    name = "demo",
    description = {
      "Tokenizes pictures, streams their ids to a server as a language model would, and shows what it draws.",
      "Writes each picture, an animation of its rounds, and contact-sheet.png."
    },
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  private static final long SEED = 7;

  @Spec private CommandSpec spec;
  @Mixin private ServerOptions server;
  @Mixin private SamplingFlags sampling;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where the files go. Default: ${DEFAULT-VALUE}.",
      defaultValue = "out")
  private Path out;

  @Option(
      names = "--from",
      paramLabel = "DIR",
      description = "PNG files and captions.json. Default: the held-out pictures in demo/pictures.")
  private Path from;

  @Option(names = "--pictures", paramLabel = "N", description = "How many at most. Default: all.")
  private Integer limit;

  @Option(names = "--no-captions", description = "Do not send the captions as text.")
  private boolean withoutCaptions;

  @Option(
      names = "--compare",
      paramLabel = "MODEL",
      description =
          "A second model: its picture of the same original is a further column of the contact sheet."
              + " A bundle folder, such as models/titok-nano; with --server, the name of a loaded model.")
  private String compare;

  @Override
  public Integer call() throws IOException {
    if (limit != null && limit < 1) {
      throw new CommandFailure("--pictures is " + limit + ", it must be at least 1");
    }
    Path folder = from == null ? ServerOptions.home().resolve("demo/pictures") : from;
    List<DemoPicture> pictures =
        DemoPicture.readAll(folder, limit == null ? Integer.MAX_VALUE : limit);
    Files.createDirectories(out);
    say("starting the server (its log: %s)".formatted(out.resolve("server.log")));
    Optional<String> second = Optional.ofNullable(compare);
    try (ServerOptions.Connection connection = server.connect(out.resolve("server.log"), second)) {
      draw(connection, pictures);
    }
    return 0;
  }

  private void draw(ServerOptions.Connection connection, List<DemoPicture> pictures)
      throws IOException {
    MaditClient client = connection.client();
    Model model = client.model(connection.modelName());
    SamplingOptions options = sampling.toProto(Optional.of(SEED));
    Optional<ComparedModel> compared =
        connection
            .secondModel()
            .map(name -> new ComparedModel(client, client.model(name), options.getSeed()));
    DemoSession session = new DemoSession(client, model, options, compared);
    DemoGallery gallery = new DemoGallery(out, model, compared.map(ComparedModel::heading));
    List<DrawnPicture> drawn = new ArrayList<>();
    for (DemoPicture picture : pictures) {
      DrawnPicture result;
      try (RoundBar bar = new RoundBar(picture.name(), session.rounds())) {
        result = session.draw(picture, !withoutCaptions, bar);
      }
      gallery.write(result);
      say(line(result.name(), result.psnr(), result.times()));
      drawn.add(result);
    }
    double mean = drawn.stream().mapToDouble(DrawnPicture::psnr).average().orElseThrow();
    List<PhaseTimes> times = drawn.stream().map(DrawnPicture::times).toList();
    say(line("average of " + drawn.size(), mean, PhaseTimes.average(times)));
    say("contact sheet: " + gallery.writeSheet(drawn).toAbsolutePath().normalize());
  }

  private static String line(String name, double psnr, PhaseTimes times) {
    return "%s: %s, %s".formatted(name, Psnr.format(psnr), times);
  }

  private void say(String line) {
    PrintWriter terminal = spec.commandLine().getOut();
    terminal.println(line);
    terminal.flush();
  }
}
