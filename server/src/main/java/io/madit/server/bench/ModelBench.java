package io.madit.server.bench;

import io.madit.server.cost.Costs;
import io.madit.server.engine.Calibration.Point;
import io.madit.server.engine.Engine;
import io.madit.server.engine.EngineEvents;
import io.madit.server.engine.EngineSettings;
import io.madit.server.model.Bundle;
import io.madit.server.model.BundleException;
import io.madit.server.model.DjlRuntimeLoader;
import io.madit.server.model.PrecisionChoice;
import io.madit.server.model.TorchDevice;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What rounds of a model cost here: what the server measures when it starts. */
@Command(
    name = "madit bench model",
    sortOptions = false,
    description = {
      "Measures packed rounds of growing width until a wider one brings no more.",
      "The server does the same when it starts; its cost model is what the last lines show."
    })
public final class ModelBench implements Callable<Integer> {
  private static final String THREADS = "ai.djl.pytorch.num_threads";

  @Option(
      names = "--model",
      paramLabel = "DIR",
      defaultValue = "${env:MADIT_MODEL:-models/madit-nano}",
      description = "Bundle folder. Default: ${DEFAULT-VALUE}.")
  private Path model;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      paramLabel = "DEVICE",
      description = "cpu or cuda:N. Default: ${DEFAULT-VALUE}.")
  private String device;

  @Option(
      names = "--precision",
      defaultValue = "auto",
      paramLabel = "PRECISION",
      description = "float32, bfloat16 or auto. Default: ${DEFAULT-VALUE}.")
  private String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: processors - 1, at least 1.")
  private Integer threads;

  @Option(
      names = "--max-rows",
      defaultValue = "16384",
      paramLabel = "N",
      description = "Widest round in decoder rows. Default: ${DEFAULT-VALUE}.")
  private int maxRows;

  @Option(
      names = "--seconds",
      defaultValue = "60",
      paramLabel = "N",
      description = "No wider round is tried after this. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(names = "--help", usageHelp = true, description = "Show this and exit.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @Spec private CommandSpec spec;

  private ModelBench() {}

  /** Runs and exits: 0 done, 1 failed, 2 wrong usage. */
  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new ModelBench());
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          command.getErr().println("madit bench model: " + failure.getMessage());
          return 1;
        });
    System.exit(line.execute(arguments));
  }

  @Override
  public Integer call() throws BundleException, InterruptedException {
    int processors = Runtime.getRuntime().availableProcessors();
    System.setProperty(
        THREADS, Integer.toString(threads == null ? Math.max(1, processors - 1) : threads));
    Bundle bundle = Bundle.load(model);
    EngineSettings usual = EngineSettings.DEFAULT;
    EngineSettings settings =
        new EngineSettings(
            maxRows,
            usual.maxQueuedSessions(),
            usual.maxQueuedTokenizations(),
            usual.aging(),
            usual.patience(),
            usual.dropHopeless(),
            usual.batching());
    DjlRuntimeLoader loader =
        new DjlRuntimeLoader(TorchDevice.parse(device), PrecisionChoice.parse(precision));
    try (Engine engine = Engine.start(List.of(bundle), loader, settings, EngineEvents.NONE)) {
      List<Point> points = engine.calibrate(bundle, Duration.ofSeconds(seconds)).join();
      print(engine, bundle, points);
    }
    return 0;
  }

  private void print(Engine engine, Bundle bundle, List<Point> points) {
    PrintWriter out = spec.commandLine().getOut();
    Engine.Placement placement = engine.placement(bundle);
    out.printf("%s, %s on %s%n", bundle.id(), placement.precision(), placement.device());
    out.println("pictures    rows   ms/round   rounds/s x pictures");
    double best = points.stream().mapToDouble(p -> p.sessions() / p.seconds()).max().orElseThrow();
    for (Point point : points) {
      double throughput = point.sessions() / point.seconds();
      out.printf(
          Locale.ROOT,
          "%8d  %6d  %9.2f  %10.1f  (%3.0f %%)%n",
          point.sessions(),
          point.rows(),
          1e3 * point.seconds(),
          throughput,
          100 * throughput / best);
    }
    Costs costs = engine.costs(bundle);
    out.printf(
        Locale.ROOT,
        "round = %.3f ms + %.3f us/encoder row + %.3f us/decoder row + %.3f us/flow row%n",
        1e3 * costs.fixed(),
        1e6 * costs.perEncoderRow(),
        1e6 * costs.perDecoderRow(),
        1e6 * costs.perPredictedRow());
    out.printf(
        Locale.ROOT,
        "open %.2f ms, decode %.2f ms, encode %.2f ms; useful width %.0f rows%n",
        1e3 * costs.condition(),
        1e3 * costs.decode(),
        1e3 * costs.encode(),
        costs.usefulRows());
    out.flush();
  }
}
