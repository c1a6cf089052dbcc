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

    @Option(
            names = "--retry-failed",
            description =
                    "Tries what is in quarantine again, changed or not (encode): encode.retry-failed=true in short.")
    private boolean retryFailed;

    @Option(
            names = "--compare",
            paramLabel = "OLD.json",
            description = "Tells the difference from an earlier report (evaluate): evaluate.compare in short.")
    private @Nullable String compare;

    @Option(
            names = "--gate",
            paramLabel = "DROP",
            description = "Ends with exit code 4 where mAP of the last level falls by more (evaluate):"
                    + " evaluate.gate.max-drop in short.")
    private @Nullable String gate;

    @Option(names = "--verbose", description = "Prints the stack trace of an error as well.")
    private boolean verbose;

    DpqConfig load() {
        final List<String> all = new ArrayList<>(sets);
        if (retryFailed) {
            all.add("encode.retry-failed=true");
        }
        if (compare != null) {
            all.add("evaluate.compare=" + compare);
        }
        if (gate != null) {
            all.add("evaluate.gate.max-drop=" + gate);
        }
        return DpqConfig.load(config, all);
    }

    boolean dryRun() {
        return dryRun;
    }

    boolean resume() {
        return resume;
    }

    /** Whether quarantined images are to be tried again. */
    boolean retries() {
        return retryFailed;
    }

    /** Whether an earlier report is named, or a bound to a fall below it. */
    boolean compares() {
        return compare != null || gate != null;
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
        if (retryFailed) {
            arguments.add("--retry-failed");
        }
        if (compare != null) {
            arguments.add("--compare");
            arguments.add(compare);
        }
        if (gate != null) {
            arguments.add("--gate");
            arguments.add(gate);
        }
        if (verbose) {
            arguments.add("--verbose");
        }
        return arguments;
    }
}
