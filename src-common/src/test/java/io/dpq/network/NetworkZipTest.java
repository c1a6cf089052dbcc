package io.dpq.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;

class NetworkZipTest {
    private static final NetworkSpec SPEC = Specs.of(NetworkSpec.Backbone.SIMPLE_CNN, 8, 6);

    @Test
    void theUpdaterTravelsOnlyWhenAskedFor() throws IOException {
        final ComputationGraph graph = DpqNetwork.build(SPEC);
        graph.fit(Specs.batch(Specs.images(2, 8, 3), new int[][] {{0}, {1}}, SPEC));

        assertThat(names(NetworkZip.write(graph, false))).containsExactly("configuration.json", "coefficients.bin");
        assertThat(names(NetworkZip.write(graph, true))).contains("updaterState.bin");
        final ComputationGraph restored = NetworkZip.restore(NetworkZip.write(graph, true), true);
        assertThat(restored.params()).isEqualTo(graph.params());
        assertThat(restored.getUpdater().getStateViewArray())
                .isEqualTo(graph.getUpdater().getStateViewArray());
    }

    @Test
    void noEntryTellsWhenItWasWritten() throws IOException {
        try (ZipInputStream in =
                new ZipInputStream(new ByteArrayInputStream(NetworkZip.write(DpqNetwork.build(SPEC), true)))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                assertThat(entry.getTimeLocal()).hasToString("1980-01-01T00:00");
            }
        }
    }

    @Test
    void anObjectThatWouldBeDeserialisedIsRefused() throws IOException {
        final ByteArrayOutputStream object = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(object)) {
            out.writeObject("harmful");
        }
        final byte[] zip =
                with(NetworkZip.write(DpqNetwork.build(SPEC), false), "preprocessor.bin", object.toByteArray());

        assertThatThrownBy(() -> NetworkZip.restore(zip, false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"preprocessor.bin\"");
        assertThatThrownBy(() -> new NetworkEmbedder(zip, SPEC.input()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("\"preprocessor.bin\"");
    }

    @Test
    void bytesThatAreNoNetworkAreTheUsersToReplace() {
        assertThatThrownBy(() -> NetworkZip.restore(new byte[] {1, 2, 3}, false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be read");
    }

    private static List<String> names(final byte[] zip) throws IOException {
        final List<String> names = new ArrayList<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                names.add(entry.getName());
            }
        }
        return names;
    }

    private static byte[] with(final byte[] zip, final String name, final byte[] content) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip));
                ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                out.putNextEntry(new ZipEntry(entry.getName()));
                in.transferTo(out);
            }
            out.putNextEntry(new ZipEntry(name));
            out.write(content);
        }
        return bytes.toByteArray();
    }
}
