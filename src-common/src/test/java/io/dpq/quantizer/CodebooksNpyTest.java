package io.dpq.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dpq.quantizer.Quantities.Case;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.domains.Domain;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Domain(Quantities.class)
class CodebooksNpyTest {
    private static final Codebooks SMALL = new Codebooks(1, 2, 3, new float[] {0, 1, -2.5f, 0.5f, 4, 1e-3f});

    /** The header as NumPy 2 itself writes it for this array, and the six values. */
    private static final byte[] GOLDEN = golden();

    private static byte[] golden() {
        final String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }";
        final byte[] values = HexFormat.of().parseHex("000000000000803f000020c00000003f000080406f12833a");
        return ByteBuffer.allocate(128 + values.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(HexFormat.of().parseHex("934e554d50590100"))
                .putShort((short) 118)
                .put((header + " ".repeat(117 - header.length()) + "\n").getBytes(StandardCharsets.US_ASCII))
                .put(values)
                .array();
    }

    @Test
    void writesWhatNumPyWrites() {
        assertThat(CodebooksNpy.write(SMALL)).isEqualTo(GOLDEN);
        assertThat(CodebooksNpy.read(GOLDEN)).isEqualTo(SMALL);
    }

    @Property(tries = 50)
    void roundTrip(@ForAll final Case given) {
        assertThat(CodebooksNpy.read(CodebooksNpy.write(given.codebooks()))).isEqualTo(given.codebooks());
    }

    @Test
    void numPyReadsAndWritesTheSame(@TempDir final Path folder) throws Exception {
        final Path ours = folder.resolve("ours.npy");
        final Path theirs = folder.resolve("theirs.npy");
        final Codebooks codebooks = new Codebooks(3, 4, 5, ResidualEncoderTest.gaussian(60, new Random(8)));
        Files.write(ours, CodebooksNpy.write(codebooks));
        final String script = "import sys, numpy as n; a = n.load(sys.argv[1]); "
                + "assert a.shape == (3, 4, 5) and a.dtype == n.float32 and a.flags.c_contiguous; n.save(sys.argv[2], a)";
        assumeTrue(numPyIsPresent(), "python3 with NumPy is not installed");
        assertThat(run("python3", "-c", script, ours.toString(), theirs.toString()))
                .isZero();
        assertThat(CodebooksNpy.read(Files.readAllBytes(theirs))).isEqualTo(codebooks);
    }

    private static boolean numPyIsPresent() throws InterruptedException {
        try {
            return run("python3", "-c", "import numpy") == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static int run(final String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3), }",
                "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2, 3), }",
                "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2, 3), }",
                "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2, 3), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3, 1), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 4), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2, 3), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2, 3), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 999999999, 999999999), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 2, 3), }",
                "{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 65536, 1), }",
                "{'shape': (1, 2, 3)}",
                "__import__('os')",
                ""
            })
    void refusesHeadersThatLie(final String header) {
        final byte[] bytes = GOLDEN.clone();
        final byte[] text = (header + " ".repeat(117 - header.length())).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, bytes, 10, text.length);
        assertThatThrownBy(() -> CodebooksNpy.read(bytes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("The codebooks");
    }

    @Test
    void refusesEveryTruncation() {
        for (int length = 0; length < GOLDEN.length; length++) {
            final byte[] cut = java.util.Arrays.copyOf(GOLDEN, length);
            assertThatThrownBy(() -> CodebooksNpy.read(cut)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void damagedBytesAreReadOrRefusedButNeverCrash() {
        final Random random = new Random(9);
        for (int i = 0; i < 5000; i++) {
            final byte[] damaged = GOLDEN.clone();
            damaged[random.nextInt(128)] = (byte) random.nextInt();
            try {
                assertThat(CodebooksNpy.read(damaged).dimensions()).isPositive();
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }

    @Test
    void refusesValuesThatAreNotFinite() {
        final byte[] bytes = GOLDEN.clone();
        bytes[130] = (byte) 0xc0;
        bytes[131] = (byte) 0x7f;
        assertThatThrownBy(() -> CodebooksNpy.read(bytes)).hasMessageContaining("not finite");
    }
}
