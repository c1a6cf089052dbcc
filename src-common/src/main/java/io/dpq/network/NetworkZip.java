package io.dpq.network;

import io.dpq.config.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.LocalDateTime;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;

/**
 * The form of a graph as network.zip. Deeplearning4j deserialises some entries as Java objects, which would let a file run code
 * of its maker's choice, so that a file with any entry but the graph's own is refused unread. Stateless.
 */
public final class NetworkZip {
    private static final Set<String> ENTRIES =
            Set.of("configuration.json", "coefficients.bin", "updaterState.bin", "noParams.marker");

    /** The first moment that a zip can tell. */
    private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

    private NetworkZip() {}

    /**
     * A graph from the bytes of network.zip.
     *
     * @param withUpdater whether the updater's state is read too, where there is one
     * @throws UserException where the bytes are no graph, or hold anything besides
     */
    public static ComputationGraph restore(final byte[] zip, final boolean withUpdater) {
        try {
            check(zip);
            return ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(zip), withUpdater);
        } catch (final IOException | IllegalStateException | IllegalArgumentException e) {
            throw UserException.data("The network.zip cannot be read as a network, so train the model again.", e);
        }
    }

    /** Reads as Deeplearning4j does, from the front, so that both see the same entries. */
    private static void check(final byte[] zip) throws IOException {
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (!ENTRIES.contains(entry.getName())) {
                    throw UserException.data("The network.zip holds \"" + entry.getName()
                            + "\", which no network needs and which may be harmful, so train the model again.");
                }
            }
        }
    }

    /**
     * A graph as the bytes of network.zip; the same graph gives the same bytes whenever it is written.
     *
     * @param withUpdater whether the updater's state is kept, which training on needs and embedding does not
     */
    public static byte[] write(final ComputationGraph graph, final boolean withUpdater) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            final ByteArrayOutputStream stamped = new ByteArrayOutputStream();
            ModelSerializer.writeModel(graph, stamped, withUpdater);
            withoutTimes(stamped.toByteArray(), out);
        } catch (final IOException e) {
            throw new IllegalStateException("The network cannot be written to memory.", e);
        }
        return out.toByteArray();
    }

    /** Deeplearning4j stamps entries with the time of writing, which would give equal models different hashes. */
    private static void withoutTimes(final byte[] zip, final OutputStream to) throws IOException {
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip));
                ZipOutputStream out = new ZipOutputStream(to)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                final ZipEntry plain = new ZipEntry(entry.getName());
                plain.setTimeLocal(EPOCH);
                out.putNextEntry(plain);
                in.transferTo(out);
                out.closeEntry();
            }
        }
    }
}
