package io.dpq.job;

import io.dpq.config.DpqConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The options that every job takes. */
@Command(mixinStandardHelpOptions = true, versionProvider = BuildInfo.class, sortOptions = false)
final class JobOptions {
    @Option(names = "--config", paramLabel = "FILE", description = "HOCON file laid over the documented defaults.")
    private @Nullable Path config;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets one key, over the file; may be repeated. Split at the first '='.")
    private List<String> sets = new ArrayList<>();

    @Option(
            names = "--dry-run",
            description = "Prints the resolved configuration, the plan and the exact command, and does nothing.")
    private boolean dryRun;

    @Option(
            names = "--resume",
            description =
                    "Goes on from the newest checkpoint of an interrupted run (train), or with the partitions that a crashed one"
                            + " finished (encode); begins where there is none.")
    private boolean resume;

    @Option(names = "--verbose", description = "Prints the stack trace of an error as well.")
    private boolean verbose;

    DpqConfig load() {
        return DpqConfig.load(config, sets);
    }

    boolean dryRun() {
        return dryRun;
    }

    boolean resume() {
        return resume;
    }

    boolean verbose() {
        return verbose;
    }

    /** The options as they would be typed again, less --dry-run. */
    List<String> asArguments() {
        final List<String> arguments = new ArrayList<>();
        if (config != null) {
            arguments.add("--config");
            arguments.add(config.toString());
        }
        for (final String set : sets) {
            arguments.add("--set");
            arguments.add(set);
        }
        if (resume) {
            arguments.add("--resume");
        }
        if (verbose) {
            arguments.add("--verbose");
        }
        return arguments;
    }
}
