package io.dpq.job;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
        final List<String> jobArguments = jobArguments(rest);
        final List<String> sparkArguments = sparkArguments(rest);
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
        final String master = master(resources, sparkArguments);
        final List<String> command = new ArrayList<>(List.of("--class", mainClass, "--master", master));
        for (final Map.Entry<String, String> property :
                resources.sparkProperties(master).entrySet()) {
            command.add("--conf");
            command.add(property.getKey() + "=" + property.getValue());
        }
        Stream.of(sparkArguments, List.of(jar), jobArguments).forEach(command::addAll);
        return command;
    }

    /** What stands before {@code --}. */
    static List<String> jobArguments(final List<String> arguments) {
        final int separator = arguments.indexOf(SEPARATOR);
        return separator < 0 ? arguments : arguments.subList(0, separator);
    }

    /** What stands behind {@code --}: meant for spark-submit. */
    static List<String> sparkArguments(final List<String> arguments) {
        final int separator = arguments.indexOf(SEPARATOR);
        return separator < 0 ? List.of() : arguments.subList(separator + 1, arguments.size());
    }

    /** The master a job will run on: what the user gives spark-submit, else the configuration's, else this machine. */
    static String master(final ResourcePlan resources, final List<String> sparkArguments) {
        String master = resources.masterOrLocal();
        for (int i = 0; i < sparkArguments.size(); i++) {
            final String argument = sparkArguments.get(i);
            final String next = i + 1 < sparkArguments.size() ? sparkArguments.get(i + 1) : "";
            if (argument.startsWith("--master=")) {
                master = argument.substring("--master=".length());
            } else if (argument.equals("--master")) {
                master = next;
            } else if (argument.equals("--conf") && next.startsWith("spark.master=")) {
                throw UserException.usage("Give the master as --master " + next.substring("spark.master=".length())
                        + " rather than by --conf, so that memory and threads are planned for it.");
            }
        }
        return master;
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
