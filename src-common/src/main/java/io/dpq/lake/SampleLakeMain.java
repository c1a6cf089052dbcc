package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command that writes a {@link SampleLake}. Needs no Spark. Exit codes are those of the jobs. */
@Command(
        name = "sample-lake",
        mixinStandardHelpOptions = true,
        description = "Writes a small lake of procedural JPEGs in 12 classes, seven damaged files among them.")
public final class SampleLakeMain implements Callable<Integer> {
    private static final int DONE = 0;
    private static final int USAGE = 1;
    private static final int DATA = 2;
    private static final int FAULT = 3;
    private static final int MOST = 1_000_000;

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private CommandSpec spec;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder of the lake.")
    @SuppressWarnings("NullAway.Init") // Set by picocli.
    private Path out;

    @Option(
            names = "--images",
            defaultValue = "3600",
            paramLabel = "N",
            description = "Images below DIR/train (default: ${DEFAULT-VALUE}).")
    private int images;

    @Option(
            names = "--queries",
            defaultValue = "300",
            paramLabel = "N",
            description = "Images below DIR/query (default: ${DEFAULT-VALUE}).")
    private int queries;

    @Option(
            names = "--seed",
            defaultValue = "1",
            paramLabel = "S",
            description = "Seed of every random choice (default: ${DEFAULT-VALUE}).")
    private long seed;

    /** Entry point. */
    public static void main(final String[] args) {
        System.exit(run(args));
    }

    /** As {@link #main}, returning the exit code. */
    static int run(final String... args) {
        // AWT would look for a display.
        System.setProperty("java.awt.headless", "true");
        return new CommandLine(new SampleLakeMain())
                .setParameterExceptionHandler((e, given) -> {
                    e.getCommandLine().getErr().println(e.getMessage());
                    return USAGE;
                })
                .setExecutionExceptionHandler((e, line, given) -> {
                    line.getErr().println(e instanceof UserException ? e.getMessage() : e.toString());
                    if (e instanceof UserException user) {
                        return user.fault() == UserException.Fault.USAGE ? USAGE : DATA;
                    }
                    return e instanceof IOException ? DATA : FAULT;
                })
                .execute(args);
    }

    @Override
    public Integer call() throws IOException {
        final int classes = SampleLake.classes().size();
        if (images < classes || images > MOST || queries < 0 || queries > MOST) {
            throw UserException.usage("Give --images a number from " + classes + " to " + MOST
                    + " and --queries one from 0 to " + MOST + ".");
        }
        final SampleLake.Outcome outcome = new SampleLake(images, queries, seed).write(out);
        final PrintWriter console = spec.commandLine().getOut();
        console.println(
                outcome == SampleLake.Outcome.KEPT
                        ? "The sample lake in " + out + " is complete already."
                        : "Wrote " + images + " images, " + queries + " queries and " + SampleLake.DAMAGED
                                + " damaged files to " + out + ".");
        console.flush();
        return DONE;
    }
}
