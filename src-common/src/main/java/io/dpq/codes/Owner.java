package io.dpq.codes;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which process holds a lock, in words that another process of the same machine can check. Stateless. */
final class Owner {
    private static final Pattern WORDS = Pattern.compile("process (\\d+) on (\\S+) since (\\S+)");

    private Owner() {}

    /** This process. */
    static String here() {
        return "process " + ProcessHandle.current().pid() + " on " + host() + " since "
                + started(ProcessHandle.current());
    }

    /**
     * Whether the owner was a process of this machine that has ended. Of a process elsewhere nothing is known; a number that
     * now belongs to another process is told by the time that one started.
     */
    static boolean isDead(final String owner) {
        final Matcher matcher = WORDS.matcher(owner);
        if (!matcher.find() || !matcher.group(2).equals(host())) {
            return false;
        }
        final Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(matcher.group(1)));
        return process.isEmpty()
                || !process.get().isAlive()
                || !started(process.get()).equals(matcher.group(3));
    }

    private static String started(final ProcessHandle process) {
        return process.info().startInstant().map(Instant::toString).orElse("unknown");
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
