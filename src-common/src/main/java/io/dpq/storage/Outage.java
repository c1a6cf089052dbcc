package io.dpq.storage;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.hadoop.ipc.RemoteException;

/**
 * Tells storage that is away for a while from storage that was asked for the wrong thing: a scheduler may try the former again.
 * Stateless.
 */
public final class Outage {
    /** By name: S3A and the name node's own classes are none of what this project is compiled against. */
    private static final Set<String> PASSING = Set.of(
            "org.apache.hadoop.hdfs.BlockMissingException",
            "org.apache.hadoop.ipc.StandbyException",
            "org.apache.hadoop.ipc.RetriableException",
            "org.apache.hadoop.hdfs.server.namenode.SafeModeException",
            "org.apache.hadoop.fs.s3a.AWSClientIOException",
            "org.apache.hadoop.fs.s3a.AWSNoResponseException",
            "org.apache.hadoop.fs.s3a.AWSStatus500Exception",
            "org.apache.hadoop.fs.s3a.AWSServiceThrottledException");

    private static final Pattern CREDENTIALS = Pattern.compile("Auth|Credential");
    private static final int LONGEST = 100;

    private Outage() {}

    /**
     * The first of a failure's causes by which it may pass: a connection that is refused or breaks, an answer that does not come,
     * a name node in safe mode or standby, data nodes that are away, an object store that is throttled or fails by itself. Neither
     * a missing file nor a permission that is refused are, nor credentials that are missing or hosts that nobody knows.
     */
    public static Optional<IOException> of(final Throwable failure) {
        final List<Throwable> causes = causes(failure);
        // S3A reports missing credentials and wrong endpoints as failures of its client.
        if (causes.stream()
                .anyMatch(cause -> cause instanceof UnknownHostException
                        || CREDENTIALS.matcher(cause.getClass().getSimpleName()).find())) {
            return Optional.empty();
        }
        return causes.stream()
                .filter(IOException.class::isInstance)
                .map(IOException.class::cast)
                .filter(Outage::passes)
                .findFirst();
    }

    private static boolean passes(final IOException failure) {
        if (failure instanceof SocketException || failure instanceof SocketTimeoutException) {
            return true;
        }
        if (failure instanceof RemoteException remote) {
            return PASSING.contains(remote.getClassName());
        }
        // Not their subclasses, which tell of wrong regions and expired tokens.
        return PASSING.contains(failure.getClass().getName());
    }

    private static List<Throwable> causes(final Throwable failure) {
        final List<Throwable> causes = new ArrayList<>();
        // Chains that run in a circle exist; none is as long as this.
        for (Throwable cause = failure; cause != null && causes.size() < LONGEST; cause = cause.getCause()) {
            causes.add(cause);
        }
        return causes;
    }
}
