package io.dpq.job;

import io.dpq.config.DpqConfig;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The spark-submit command of a job. Its main method is called by the launcher {@code submit/dpq} before Spark starts, since
 * heap and off-heap limits of the driver must be known before its JVM exists.
 */
public final class SubmitCommand {
    private static final String SEPARATOR = "--";

    private SubmitCommand() {}

    /**
     * Prints the arguments of spark-submit, each ended by a NUL character, so that no value needs quoting.
     *
     * @param args main class, jar, the job's options, and behind {@code --} what is meant for spark-submit itself
     */
    public static void main(final String[] args) {
        final int code = print(Arrays.asList(args), System.out, System.err);
        if (code != 0) {
            System.exit(code);
        }
    }

    private static int print(final List<String> args, final PrintStream out, final PrintStream err) {
        final List<String> rest = args.subList(2, args.size());
        final int separator = rest.indexOf(SEPARATOR);
        final List<String> jobArguments = separator < 0 ? rest : rest.subList(0, separator);
        final List<String> sparkArguments = separator < 0 ? List.of() : rest.subList(separator + 1, rest.size());
        return JobMain.guarded(jobArguments, err, options -> {
            final List<String> command =
                    arguments(options.load(), args.get(0), args.get(1), jobArguments, sparkArguments);
            out.print(command.stream().map(argument -> argument + "\0").collect(Collectors.joining()));
            out.flush();
            return ExitCode.DONE.code();
        });
    }

    /** What follows the word spark-submit; what the user gives Spark comes last and so wins. */
    static List<String> arguments(
            final DpqConfig config,
            final String mainClass,
            final String jar,
            final List<String> jobArguments,
            final List<String> sparkArguments) {
        final ResourcePlan resources = ResourcePlan.from(config);
        final String master =
                valueOf("--master", sparkArguments).or(resources::master).orElse("local[" + resources.cores() + ",4]");
        final List<String> command = new ArrayList<>(List.of("--class", mainClass, "--master", master));
        for (final Map.Entry<String, String> property :
                resources.sparkProperties(master).entrySet()) {
            command.add("--conf");
            command.add(property.getKey() + "=" + property.getValue());
        }
        Stream.of(sparkArguments, List.of(jar), jobArguments).forEach(command::addAll);
        return command;
    }

    private static Optional<String> valueOf(final String option, final List<String> arguments) {
        final int at = arguments.lastIndexOf(option);
        return at >= 0 && at + 1 < arguments.size() ? Optional.of(arguments.get(at + 1)) : Optional.empty();
    }

    /** A command line that a shell takes back as it is. */
    static String quoted(final List<String> command) {
        return command.stream()
                .map(argument -> argument.matches("[A-Za-z0-9_./:=,@%+-]+")
                        ? argument
                        : "'" + argument.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
    }
}
