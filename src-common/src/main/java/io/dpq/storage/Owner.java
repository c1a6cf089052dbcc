package io.dpq.storage;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which process holds a lock, in words that another process of the same machine can check. Stateless. */
final class Owner {
    private static final Pattern WORDS = Pattern.compile("process (\\d+) on (\\S+ \\S+) since (\\S+)");
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path NAMESPACE = Path.of("/proc/self/ns/pid");
    /** Of the start in {@code /proc/<pid>/stat}, counted from behind the name, which may hold spaces. */
    private static final int START_FIELD = 19;
    /** Of a process that has ended and whose parent has not asked for it yet. */
    private static final String ZOMBIE = "Z";

    private Owner() {}

    /** This process. */
    static String here() {
        return "process " + ProcessHandle.current().pid() + " on " + machine() + " since "
                + started(ProcessHandle.current());
    }

    /** What is known of an owner. */
    enum State {
        /** A process of this machine. */
        ALIVE,
        /** It was one, and has ended. */
        DEAD,
        /** A process elsewhere, in another container or before the last boot. */
        UNKNOWN
    }

    /** Whether an owner lives; a number that now belongs to another process is told by the time that one started. */
    static State state(final String owner) {
        final Matcher matcher = WORDS.matcher(owner);
        if (!matcher.find() || !matcher.group(2).equals(machine())) {
            return State.UNKNOWN;
        }
        final Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(matcher.group(1)));
        final boolean dead = process.isEmpty()
                || !process.get().isAlive()
                || !started(process.get()).equals(matcher.group(3));
        return dead ? State.DEAD : State.ALIVE;
    }

    /** In clock ticks since the machine started where that is told, since a clock that is set would change the time. */
    private static String started(final ProcessHandle process) {
        try {
            final String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
            final List<String> fields =
                    List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1));
            return ZOMBIE.equals(fields.get(0)) ? "ended" : fields.get(START_FIELD);
        } catch (IOException e) {
            return process.info().startInstant().map(Instant::toString).orElse("unknown");
        }
    }

    /** Its name, and among whose processes numbers are given. */
    private static String machine() {
        return host() + " " + processes();
    }

    private static String processes() {
        try {
            return "(boot-" + Files.readString(BOOT).strip() + "," + Files.readSymbolicLink(NAMESPACE) + ")";
        } catch (IOException | UnsupportedOperationException e) {
            return "(unknown)";
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            // Then no other process finds its own name here, and the lock's age decides alone.
            return "unknown-" + ProcessHandle.current().pid();
        }
    }
}
