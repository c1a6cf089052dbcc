package io.dpq.encode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import io.dpq.job.JobContext;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.ResidualEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole job on vectors of a Parquet lake, under a network that is the identity. */
final class EncodeVectorsTest {
    private static final int LENGTH = 5;

    @TempDir
    private static Path folder;

    private static SparkSession spark;
    private static Codebooks codebooks;

    @BeforeAll
    static void start() throws IOException {
        spark = TestSpark.start();
        codebooks = TestModel.publishVectors(folder.resolve("model").toString(), LENGTH);
        spark.range(0, 300, 1, 3)
                .selectExpr(
                        "concat('v', id) as id",
                        "case when id = 7 then array(float(1), float(2))"
                                + " when id = 8 then array(float('nan'), float(1), float(1), float(1), float(1))"
                                + " when id = 9 then null"
                                + " else transform(sequence(1, 5), k -> float(sin(id * k))) end as vector",
                        "array(concat('c', id % 2)) as labels")
                .write()
                .parquet(folder.resolve("lake").toString());
    }

    @AfterAll
    static void stop() {
        TestSpark.stop();
    }

    private static void encode(final String codes, final String... sets) {
        final List<String> all = new ArrayList<>(List.of(
                "seed=1",
                "model.path=" + folder.resolve("model"),
                "codes.path=" + folder.resolve(codes),
                "encode.lake.kind=vectors",
                "encode.lake.path=" + folder.resolve("lake"),
                "encode.batch-size=8"));
        all.addAll(List.of(sets));
        new EncodeJob()
                .run(new JobContext(
                        spark,
                        DpqConfig.load(null, all),
                        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"onnx", "dl4j"})
    void codesAreThoseOfTheVectorsThemselves(final String engine) {
        encode("codes-" + engine, "encode.engine=" + engine);

        final Map<String, Row> rows = new HashMap<>();
        spark.read()
                .parquet(folder.resolve("codes-" + engine).toString())
                .collectAsList()
                .forEach(row -> rows.put(row.getAs("id"), row));
        assertThat(rows).hasSize(297);
        final ResidualEncoder encoder = new ResidualEncoder(codebooks);
        for (int id = 10; id < 300; id++) {
            final float[] vector = new float[LENGTH];
            for (int k = 1; k <= LENGTH; k++) {
                vector[k - 1] = (float) Math.sin(id * k);
            }
            final short[] codes = new short[TestModel.LEVELS];
            encoder.encode(vector, 1, codes);
            for (int level = 1; level <= TestModel.LEVELS; level++) {
                assertThat(rows.get("v" + id).<Short>getAs(CodeTable.column(level)))
                        .isEqualTo(codes[level - 1]);
            }
            assertThat(rows.get("v" + id).<Object>getAs("content_hash")).isNotNull();
            assertThat(rows.get("v" + id).<String>getList(1)).containsExactly("c" + id % 2);
        }
        final Map<String, String> quarantine = new HashMap<>();
        spark.read()
                .parquet(folder.resolve("codes-" + engine + "/_quarantine").toString())
                .collectAsList()
                .forEach(row -> quarantine.put(row.getAs("id"), row.getAs("reason")));
        assertThat(quarantine).isEqualTo(Map.of("v7", "UNKNOWN_FORMAT", "v8", "CORRUPT", "v9", "UNREADABLE"));
    }

    @Test
    void theSecondNightOnlyLooksAgainAtWhatCouldNotBeRead() {
        encode("codes-twice");
        encode("codes-twice");

        final List<RunManifest> runs =
                new CodeTable(folder.resolve("codes-twice").toString(), new Configuration()).runs();
        assertThat(runs)
                .extracting(RunManifest::listed, RunManifest::encoded, RunManifest::quarantined, RunManifest::unchanged)
                .containsExactly(tuple(300L, 297L, 3L, 0L), tuple(300L, 0L, 1L, 299L));
        assertThat(runs.get(1).quarantineReasons()).isEqualTo(Map.of("UNREADABLE", 1L));
    }

    @Test
    void vectorsAreNotEncodedAsImages() {
        assertThatThrownBy(() -> encode("none", "encode.lake.kind=parquet"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("takes vectors but encode.lake.kind is parquet");
    }
}
