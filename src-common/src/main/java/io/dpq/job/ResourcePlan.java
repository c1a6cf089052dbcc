package io.dpq.job;

import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.lang.management.ManagementFactory;
import java.lang.module.ModuleFinder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Heap, off-heap limits and thread counts of every JVM, derived from the one section {@code resources} so that they cannot
 * contradict one another. Sizes are in bytes.
 *
 * @param master Spark master where the configuration names one
 * @param executors executor JVMs
 * @param cores of an executor
 * @param tasks that run at once in an executor
 * @param executorHeap Java heap
 * @param driverHeap Java heap
 * @param executorNative memory outside the heap for the network
 * @param driverNative memory outside the heap for the network
 */
public record ResourcePlan(
        Optional<String> master,
        int executors,
        int cores,
        int tasks,
        long executorHeap,
        long driverHeap,
        long executorNative,
        long driverNative) {
    private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\*|[1-9][0-9]{0,5})(?:,\\s*[0-9]+)?])?");

    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private static final long MIB = 1L << 20;
    /** What a JVM takes beside heap and network: classes, code, stacks, mapped jars. */
    private static final long JVM_OWN = 768 * MIB;

    /** Reads and checks the section {@code resources}. */
    public static ResourcePlan from(final DpqConfig config) {
        final ResourcePlan plan = new ResourcePlan(
                config.optionalString("resources.master"),
                config.integer("resources.executors", 1, 100_000),
                config.integer("resources.cores-per-executor", 1, 1024),
                config.integer("resources.tasks-per-executor", 1, 1024),
                config.bytes("resources.executor-heap"),
                config.bytes("resources.driver-heap"),
                config.bytes("resources.executor-native"),
                config.bytes("resources.driver-native"));
        plan.check();
        return plan;
    }

    private void check() {
        if (tasks > cores || cores % tasks != 0) {
            throw UserException.usage("resources.tasks-per-executor is " + tasks
                    + " but must divide resources.cores-per-executor, " + cores
                    + ": threads that share a core make the network up to a hundred times slower.");
        }
        for (final Map.Entry<String, Long> size : Map.of(
                        "resources.executor-heap", executorHeap,
                        "resources.driver-heap", driverHeap,
                        "resources.executor-native", executorNative,
                        "resources.driver-native", driverNative)
                .entrySet()) {
            if (size.getValue() < 512 * MIB) {
                throw UserException.usage("The key '" + size.getKey() + "' is " + size.getValue() / MIB
                        + "MiB but must be at least 512MiB.");
            }
        }
    }

    private void checkMachine() {
        final long machine = machineMemory();
        if (localHeap() + localOverhead() > machine) {
            throw UserException.usage("The section resources asks for " + (localHeap() + localOverhead()) / MIB
                    + "MiB in one local JVM but this machine has " + machine / MIB
                    + "MiB; lower the heap or native sizes.");
        }
    }

    private static long machineMemory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize()
                : Long.MAX_VALUE;
    }

    /** The master where none is named: this machine, with retries as a cluster has them. */
    public String masterOrLocal() {
        return master.orElse("local[" + cores + ",4]");
    }

    /** Whether a master is this one JVM; {@code local-cluster[…]} is not. */
    private static boolean isLocal(final String master) {
        if (!master.equals("local") && !master.startsWith("local[")) {
            return false;
        }
        if (!LOCAL.matcher(master).matches()) {
            throw UserException.usage("The Spark master '" + master + "' is not valid; write local[2] or local[*].");
        }
        return true;
    }

    /** The N of local[N] or local[N,retries]; local[*] takes what the machine has. */
    private static int localCores(final String master) {
        final Matcher matcher = LOCAL.matcher(master);
        if (!matcher.matches() || matcher.group(1) == null) {
            return 1;
        }
        return matcher.group(1).equals("*")
                ? Runtime.getRuntime().availableProcessors()
                : Integer.parseInt(matcher.group(1));
    }

    /** Threads a task computes with: OMP_NUM_THREADS, and the intra-op threads of ONNX Runtime. */
    public int threadsPerTask() {
        return cores / tasks;
    }

    /** In local mode one JVM is driver and executor. */
    private long localHeap() {
        return Math.max(driverHeap, executorHeap);
    }

    private long localOverhead() {
        return Math.max(driverNative, executorNative) + JVM_OWN;
    }

    /**
     * The Spark properties of this plan. What the user gives Spark on its own command line wins over them; JVM options are
     * given as Spark's defaults, which it puts before the user's own rather than losing them to those.
     *
     * @param effectiveMaster the master the job will run on
     */
    public Map<String, String> sparkProperties(final String effectiveMaster) {
        final boolean local = isLocal(effectiveMaster);
        if (local) {
            checkMachine();
        }
        final long heap = local ? localHeap() : driverHeap;
        final long overhead = local ? localOverhead() : driverNative + JVM_OWN;
        final Map<String, String> properties = new LinkedHashMap<>();
        properties.put("spark.driver.memory", mib(heap));
        // Spark's own bound of 1 GiB is less than what two workers' states of a large network take; the heap bounds it
        // anyway.
        properties.put("spark.driver.maxResultSize", mib(heap));
        properties.put("spark.driver.defaultJavaOptions", jvmOptions(heap, overhead));
        if (!local) {
            properties.put("spark.executor.instances", Integer.toString(executors));
            properties.put("spark.executor.cores", Integer.toString(cores));
            properties.put("spark.executor.memory", mib(executorHeap));
            properties.put("spark.executor.memoryOverhead", mib(executorNative + JVM_OWN));
            properties.put("spark.executor.defaultJavaOptions", jvmOptions(executorHeap, executorNative + JVM_OWN));
            properties.put("spark.cores.max", Integer.toString(executors * cores));
        }
        // A local master with fewer cores than a task asks for would refuse to start.
        final int taskCpus = Math.min(threadsPerTask(), local ? localCores(effectiveMaster) : cores);
        properties.put("spark.task.cpus", Integer.toString(taskCpus));
        properties.put("spark.executorEnv.OMP_NUM_THREADS", Integer.toString(threadsPerTask()));
        // Threads that wait by spinning take the cores from those that work.
        properties.put("spark.executorEnv.OMP_WAIT_POLICY", "PASSIVE");
        return properties;
    }

    /** The off-heap limits of the driver as system properties, for a driver that was started without them. */
    Map<String, String> driverLimits(final String effectiveMaster) {
        final boolean local = isLocal(effectiveMaster);
        final long outside = local ? localOverhead() : driverNative + JVM_OWN;
        final long heap = local ? localHeap() : driverHeap;
        return Map.of(
                "org.bytedeco.javacpp.maxbytes", mib(outside - JVM_OWN),
                "org.bytedeco.javacpp.maxphysicalbytes", mib(heap + outside),
                "org.eclipse.deeplearning4j.helpers.disable", "false");
    }

    /**
     * The JavaCPP limits must be given always, since unset they reach four times the heap; the physical limit is what the
     * container holds. The helper switch turns oneDNN on, without which convolutions run several times slower. The module
     * is that of the quantizer's fast kernel; a JVM that lacks it would not start, and that of the executors is taken to be
     * of the same kind as this one.
     */
    private static String jvmOptions(final long heap, final long overhead) {
        return "-Dorg.bytedeco.javacpp.maxbytes=" + mib(overhead - JVM_OWN)
                + " -Dorg.bytedeco.javacpp.maxphysicalbytes=" + mib(heap + overhead)
                + " -Dorg.eclipse.deeplearning4j.helpers.disable=false -Djava.awt.headless=true"
                + (ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent() ? " --add-modules=" + VECTOR_MODULE : "");
    }

    private static String mib(final long bytes) {
        return bytes / MIB + "m";
    }

    /** The plan as aligned lines for a person. */
    public List<String> table(final String effectiveMaster) {
        return table(effectiveMaster, Runtime.getRuntime().availableProcessors());
    }

    List<String> table(final String effectiveMaster, final int machineCores) {
        final List<String> lines = new ArrayList<>();
        final boolean local = isLocal(effectiveMaster);
        lines.add(String.format(
                Locale.ROOT,
                "%-10s %6s %8s %8s %8s %6s %8s",
                "JVM",
                "count",
                "heap",
                "native",
                "total",
                "tasks",
                "threads"));
        if (local) {
            lines.add(line("local", 1, localHeap(), localOverhead() - JVM_OWN));
            final int used = localCores(effectiveMaster);
            if (used < machineCores) {
                // A plan for executors of one core each would leave all but one idle, and nothing else would tell.
                lines.add(
                        "Of this machine's " + machineCores + " cores " + used
                                + " will work; to use more, raise resources.cores-per-executor and resources.tasks-per-executor.");
            }
        } else {
            lines.add(line("driver", 1, driverHeap, driverNative));
            lines.add(line("executor", executors, executorHeap, executorNative));
        }
        return lines;
    }

    private String line(final String name, final int count, final long heap, final long outside) {
        return String.format(
                Locale.ROOT,
                "%-10s %6d %8s %8s %8s %6d %8d",
                name,
                count,
                mib(heap),
                mib(outside),
                mib(heap + outside + JVM_OWN),
                tasks,
                threadsPerTask());
    }
}
