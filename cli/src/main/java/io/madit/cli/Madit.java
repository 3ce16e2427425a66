package io.madit.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/**
 * The root command. Failures are one line on standard error; exit codes: 0 done, 1 failed, 2 wrong
 * usage.
 */
@Command(
    name = "madit",
    description = "Draws pictures from visual token ids.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      DetokenizeCommand.class,
      TokenizeCommand.class,
      CompleteCommand.class
    },
    footer = {
      "  serve       Starts the server (its own flags).",
      "  modelkit    Trains, exports and verifies models (Python).",
      "",
      "Each command explains itself: madit COMMAND --help"
    })
public final class Madit {
  private Madit() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Madit());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Madit::wrongUsage);
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> report(command, oneLine(failure), 1));
    return line;
  }

  private static int wrongUsage(ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    String hint = " (see " + command.getCommandSpec().qualifiedName() + " --help)";
    return report(command, firstLine(failure.getMessage()) + hint, 2);
  }

  private static int report(CommandLine command, String message, int code) {
    PrintWriter err = command.getErr();
    err.println("madit: " + message);
    err.flush();
    return code;
  }

  static String oneLine(Throwable failure) {
    if (failure instanceof NoSuchFileException missing) {
      return "no such file: " + missing.getFile();
    }
    if (failure instanceof UncheckedIOException wrapped) {
      return oneLine(wrapped.getCause());
    }
    String message = firstLine(failure.getMessage());
    boolean forUsers = failure instanceof CommandFailure || failure instanceof IOException;
    return forUsers && !message.isEmpty()
        ? message
        : (failure.getClass().getSimpleName() + " " + message).strip();
  }

  private static String firstLine(String message) {
    return Objects.requireNonNullElse(message, "").lines().findFirst().orElse("");
  }
}
