package io.madit.load;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The root of the load commands: {@code ./madit bench}. */
@Command(
    name = "madit bench",
    description = "Measures servers under load.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      LoadCommand.class,
      KneeCommand.class,
      CompareCommand.class,
      OverloadCommand.class,
      BatchingCommand.class,
      FaultsCommand.class
    },
    footer = {
      "  model     Measures a model's rounds, without a server.",
      "",
      "Each command explains itself: madit bench COMMAND --help"
    })
public final class Bench {
  private Bench() {}

  /** Runs one command and exits with its code: 0 done, 1 failed, 2 wrong usage. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Bench());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          command.getErr().println("madit bench: " + failure.getMessage());
          return 1;
        });
    return line;
  }
}
