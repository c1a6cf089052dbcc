package io.dpq.job;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.storage.Outage;
import java.io.File;
import java.io.PrintStream;
import java.net.URI;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * The frame of every job: parses the command line, checks the configuration, starts Spark, runs the job, and turns what went
 * wrong into one sentence and an exit code. Exit codes: 0 done, 1 wrong usage or configuration, 2 the user's data or paths, 3
 * our fault or the cluster's, 4 finished but over the failure budget or under the bar for publication.
 */
public final class JobMain {
    private static final Logger LOG = LoggerFactory.getLogger(JobMain.class);

    private JobMain() {}

    /** What a command does with its parsed options. */
    interface Action {
        int run(JobOptions options) throws Exception;
    }

    /** The body of a job's main method. A success returns, since on YARN an exit with 0 may be taken for a failure. */
    public static void main(final Job job, final String[] args) {
        final int code = run(job, Arrays.asList(args), System.out, System.err);
        if (code != 0) {
            System.exit(code);
        }
    }

    /**
     * Runs a job without ending the JVM.
     *
     * @param args the job's options; for a dry run, also what spark-submit would be given, behind {@code --}
     * @param out progress and results
     * @param err errors
     * @return the exit code
     */
    public static int run(final Job job, final List<String> args, final PrintStream out, final PrintStream err) {
        final CommandLine help = new CommandLine(new JobOptions());
        help.getCommandSpec().name("dpq " + job.name()).usageMessage().description(job.description());
        if (args.contains("--help") || args.contains("-h")) {
            help.usage(out);
            return ExitCode.DONE.code();
        }
        if (args.contains("--version") || args.contains("-V")) {
            help.printVersionHelp(out);
            return ExitCode.DONE.code();
        }
        final List<String> sparkArguments = SubmitCommand.sparkArguments(args);
        return guarded(SubmitCommand.jobArguments(args), err, options -> run(job, options, sparkArguments, out));
    }

    private static int run(
            final Job job, final JobOptions options, final List<String> sparkArguments, final PrintStream out)
            throws Exception {
        if (options.resume() && !job.resumable()) {
            throw UserException.usage(
                    "dpq " + job.name() + " keeps no checkpoints to resume from; leave --resume away.");
        }
        if (options.retries() && !job.retrying()) {
            throw UserException.usage("dpq " + job.name() + " keeps no quarantine; leave --retry-failed away.");
        }
        if (options.compares() && !job.comparing()) {
            throw UserException.usage(
                    "dpq " + job.name() + " writes no reports to compare; leave --compare and --gate away.");
        }
        final DpqConfig config = options.load();
        config.seed();
        final ResourcePlan resources = ResourcePlan.from(config);
        final List<String> plan = job.plan(config);
        if (options.dryRun()) {
            describe(job, options, config, resources, plan, sparkArguments, out);
            return ExitCode.DONE.code();
        }
        if (!sparkArguments.isEmpty()) {
            throw UserException.usage("What stands behind -- is meant for spark-submit; give it before the jar.");
        }
        LOG.info("{}", new BuildInfo().getVersion()[0]);
        plan.forEach(line -> LOG.info("{}", line));
        try (SparkSession spark = session(job, resources)) {
            resources.table(spark.sparkContext().master()).forEach(line -> LOG.info("{}", line));
            final Job.Outcome outcome = job.run(new JobContext(spark, config, out, options.resume()));
            return outcome == Job.Outcome.DONE ? ExitCode.DONE.code() : ExitCode.OVER_BUDGET.code();
        }
    }

    private static SparkSession session(final Job job, final ResourcePlan resources) {
        final SparkConf conf = new SparkConf().setIfMissing("spark.app.name", "dpq " + job.name());
        final String master = conf.get("spark.master", resources.masterOrLocal());
        conf.setIfMissing("spark.master", master);
        for (final Map.Entry<String, String> property :
                resources.sparkProperties(master).entrySet()) {
            // A driver's own memory can only be set before its JVM starts: submit/dpq or spark-submit does that.
            if (!property.getKey().startsWith("spark.driver.")) {
                conf.setIfMissing(property.getKey(), property.getValue());
            }
        }
        // Under plain spark-submit the driver comes without them; native code reads them when it loads, which is later.
        resources.driverLimits(master).forEach(System.getProperties()::putIfAbsent);
        if (master.startsWith("local") && System.getenv("OMP_NUM_THREADS") == null) {
            LOG.warn(
                    "OMP_NUM_THREADS is not set, so tasks may compete for the cores; start by submit/dpq or set it to {}.",
                    resources.threadsPerTask());
        }
        // One time zone for manifests and reports, wherever the job runs.
        conf.set("spark.sql.session.timeZone", "UTC");
        return SparkSession.builder().config(conf).getOrCreate();
    }

    private static void describe(
            final Job job,
            final JobOptions options,
            final DpqConfig config,
            final ResourcePlan resources,
            final List<String> plan,
            final List<String> sparkArguments,
            final PrintStream out) {
        final String master = SubmitCommand.master(resources, sparkArguments);
        out.println("Configuration:");
        out.println(config.render());
        out.println("Plan of dpq " + job.name() + ":");
        plan.forEach(line -> out.println("  " + line));
        out.println("Memory and threads on " + master + ":");
        resources.table(master).forEach(line -> out.println("  " + line));
        out.println("Command:");
        final List<String> command = new ArrayList<>(List.of("spark-submit"));
        command.addAll(SubmitCommand.arguments(
                config, job.mainClass().getName(), jarOf(job), options.asArguments(), sparkArguments));
        out.println("  OMP_NUM_THREADS=" + resources.threadsPerTask() + " OMP_WAIT_POLICY=PASSIVE "
                + SubmitCommand.quoted(command));
    }

    private static String jarOf(final Job job) {
        final @Nullable CodeSource source =
                job.mainClass().getProtectionDomain().getCodeSource();
        return source == null
                ? "dpq.jar"
                : new File(URI.create(source.getLocation().toString())).toString();
    }

    /** Parses options and runs an action; every failure becomes a sentence and an exit code. */
    static int guarded(final List<String> args, final PrintStream err, final Action action) {
        final JobOptions options = new JobOptions();
        try {
            new CommandLine(options).parseArgs(args.toArray(String[]::new));
            return action.run(options);
        } catch (CommandLine.ParameterException e) {
            err.println("dpq: " + e.getMessage() + "; --help lists the options.");
            return ExitCode.USAGE.code();
        } catch (Throwable e) {
            // Errors too: a driver that runs out of memory must not end in a stack trace and the code of a usage error.
            return report(e, options.verbose(), err);
        }
    }

    private static int report(final Throwable thrown, final boolean verbose, final PrintStream err) {
        final UserException mistake = userMistake(thrown);
        final boolean passes = mistake != null && Outage.of(mistake).isPresent();
        if (mistake != null) {
            err.println("dpq: " + mistake.getMessage()
                    + (passes ? " Or the storage is away for a while: it is safe to run it again." : ""));
        } else {
            err.println("dpq: The job failed by no fault of yours: " + rootMessage(thrown)
                    + (root(thrown) instanceof OutOfMemoryError ? "; raise " + memory(thrown) : "")
                    + " (what was not finished is not visible; it is safe to run it again"
                    + (verbose ? "" : ", with --verbose for the stack trace") + ").");
        }
        if (verbose) {
            thrown.printStackTrace(err);
        }
        // What may pass is not the user's: schedulers try it again.
        if (mistake == null || passes) {
            return ExitCode.INTERNAL.code();
        }
        return mistake.fault() == UserException.Fault.USAGE ? ExitCode.USAGE.code() : ExitCode.DATA.code();
    }

    /** Which memory ran out: a task's failure comes to the driver within one of Spark's. */
    private static String memory(final Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof SparkException) {
                return "resources.executor-heap or resources.executor-native, or lower resources.tasks-per-executor";
            }
        }
        return "resources.driver-heap or resources.driver-native";
    }

    /** A mistake may come wrapped, from an executor or a lazy iterator. */
    private static @Nullable UserException userMistake(final Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof UserException user) {
                return user;
            }
        }
        return null;
    }

    private static Throwable root(final Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        return root;
    }

    private static String rootMessage(final Throwable thrown) {
        final Throwable root = root(thrown);
        final String message = root.getMessage();
        return root.getClass().getSimpleName()
                + (message == null ? "" : ": " + message.lines().findFirst().orElse(""));
    }
}
