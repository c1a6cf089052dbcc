package io.dpq.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import io.dpq.quantizer.Codebooks;
import io.dpq.quantizer.CodebooksNpy;
import io.dpq.quantizer.Similarity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDirectoryTest {
    private static final Configuration HADOOP = new Configuration();
    private static final ModelDraft DRAFT = draft(Similarity.L2);

    @TempDir
    private Path folder;

    private Path root;

    @BeforeEach
    void place() {
        root = folder.resolve("model");
    }

    private static ModelDraft draft(final Similarity similarity) {
        return new ModelDraft(
                2,
                1,
                2,
                similarity,
                List.of("cat", "dog"),
                new ImageContract(
                        1, ImageContract.Fit.STRETCH, 36, 32, List.of(1.0, 2.0, 3.0), List.of(1.0, 1.0, 1.0), 100, 100),
                "simple-cnn",
                Map.of("seed", 1),
                Map.of("loss", 0.5));
    }

    private ModelManifest publish(final String content) throws IOException {
        return ModelPublisher.publish(
                root.toString(),
                HADOOP,
                DRAFT,
                Map.of(
                        ModelDirectory.NETWORK,
                        content.getBytes(StandardCharsets.UTF_8),
                        ModelDirectory.ENCODER,
                        new byte[100_000]));
    }

    @Test
    void readsWhatWasPublished() throws Exception {
        final ModelManifest written = publish("first");
        final ModelDirectory model = ModelDirectory.open(root.toString(), HADOOP);
        assertThat(model.manifest()).isEqualTo(written);
        assertThat(model.manifest().modelId()).hasSize(64);
        assertThat(model.read(ModelDirectory.NETWORK))
                .asString(StandardCharsets.UTF_8)
                .isEqualTo("first");
    }

    @Test
    void replacesAWholeModelAndLeavesNothingBeside() throws Exception {
        final ModelManifest first = publish("first");
        final ModelManifest second = publish("second");
        assertThat(second.modelId()).isNotEqualTo(first.modelId());
        assertThat(ModelDirectory.open(root.toString(), HADOOP).manifest()).isEqualTo(second);
        try (var siblings = Files.list(folder)) {
            assertThat(siblings).containsExactly(root);
        }
    }

    @Test
    void theIdDependsOnContentAlone() throws Exception {
        assertThat(publish("same").modelId()).isEqualTo(publish("same").modelId());
    }

    @Test
    void theSimilarityIsPartOfTheModel() throws Exception {
        final Codebooks codebooks = new Codebooks(1, 2, 2, new float[] {1, 0, 0, 1});
        final Map<String, byte[]> files = Map.of(ModelDirectory.CODEBOOKS, CodebooksNpy.write(codebooks));
        final String nearest = ModelPublisher.publish(root.toString(), HADOOP, draft(Similarity.L2), files)
                .modelId();
        assertThat(ModelDirectory.open(root.toString(), HADOOP).codebooks()).isEqualTo(codebooks);
        // Models of before there was a choice have none in their manifest, and keep their ids.
        assertThat(root.resolve(ModelDirectory.MANIFEST)).content().doesNotContain("similarity");
        final String cosine = ModelPublisher.publish(root.toString(), HADOOP, draft(Similarity.COSINE), files)
                .modelId();
        assertThat(ModelDirectory.open(root.toString(), HADOOP).codebooks())
                .isEqualTo(codebooks.by(Similarity.COSINE))
                .isNotEqualTo(codebooks);
        assertThat(cosine).isNotEqualTo(nearest);
    }

    @Test
    void whetherImagesAreSeenFromBothSidesIsPartOfTheModel() throws Exception {
        final ModelManifest plain = publish("same");
        // Models of before there was a choice have nothing in their manifest, and keep their ids.
        assertThat(root.resolve(ModelDirectory.MANIFEST)).content().doesNotContain("mirror");
        assertThat(ModelDirectory.open(root.toString(), HADOOP)
                        .manifest()
                        .image()
                        .mirror())
                .isFalse();
        final ImageContract image = plain.image();
        final ModelManifest both = ModelPublisher.publish(
                root.toString(),
                HADOOP,
                new ModelDraft(
                        2,
                        1,
                        2,
                        Similarity.L2,
                        plain.labels(),
                        new ImageContract(
                                image.version(),
                                image.fit(),
                                image.resize(),
                                image.crop(),
                                image.mean(),
                                image.deviation(),
                                image.maxPixels(),
                                image.maxBytes(),
                                true),
                        plain.backbone(),
                        Map.of(),
                        Map.of()),
                Map.of(
                        ModelDirectory.NETWORK,
                        "same".getBytes(StandardCharsets.UTF_8),
                        ModelDirectory.ENCODER,
                        new byte[100_000]));
        assertThat(both.modelId()).isNotEqualTo(plain.modelId());
        assertThat(ModelDirectory.open(root.toString(), HADOOP)
                        .manifest()
                        .image()
                        .mirror())
                .isTrue();
    }

    @Test
    void howLongTheTrainingTookIsNoPartOfTheIdButIsVerified() throws Exception {
        final ModelManifest quick = publishWithLog("{\"seconds\":1}\n");
        final ModelManifest slow = publishWithLog("{\"seconds\":2}\n");
        assertThat(slow.modelId()).isEqualTo(quick.modelId());
        assertThat(slow.files().get(ModelDirectory.TRAINING_LOG))
                .isNotEqualTo(quick.files().get(ModelDirectory.TRAINING_LOG));
        Files.deleteIfExists(root.resolve("." + ModelDirectory.TRAINING_LOG + ".crc"));
        Files.writeString(root.resolve(ModelDirectory.TRAINING_LOG), "{\"seconds\":0}\n");
        assertThatThrownBy(() -> ModelDirectory.open(root.toString(), HADOOP))
                .hasMessageStartingWith("The file training.jsonl of the model");
    }

    private ModelManifest publishWithLog(final String log) throws IOException {
        return ModelPublisher.publish(
                root.toString(),
                HADOOP,
                DRAFT,
                Map.of(
                        ModelDirectory.NETWORK,
                        new byte[10],
                        ModelDirectory.TRAINING_LOG,
                        log.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void refusesAFlippedByteInAnyFile() throws Exception {
        publish("first");
        for (final String name : List.of(ModelDirectory.NETWORK, ModelDirectory.ENCODER)) {
            final Path file = root.resolve(name);
            final byte[] good = Files.readAllBytes(file);
            final byte[] bad = good.clone();
            bad[bad.length / 2] ^= 1;
            // The checksum that Hadoop keeps beside a local file would find the damage first.
            Files.deleteIfExists(root.resolve("." + name + ".crc"));
            Files.write(file, bad);
            assertThatThrownBy(() -> ModelDirectory.open(root.toString(), HADOOP))
                    .isInstanceOf(UserException.class)
                    .hasMessage("The file " + name + " of the model at " + root
                            + " is not the one that was published; restore it or train again.");
            Files.write(file, good);
        }
        ModelDirectory.open(root.toString(), HADOOP);
    }

    @Test
    void refusesAMissingFileAManifestOfAnotherIdAndAnotherVersion() throws Exception {
        publish("first");
        final Path manifest = root.resolve(ModelDirectory.MANIFEST);
        Files.deleteIfExists(root.resolve("." + ModelDirectory.MANIFEST + ".crc"));
        final String json = Files.readString(manifest);

        Files.writeString(manifest, json.replaceFirst("\"sha256\" : \"..", "\"sha256\" : \"zz"));
        assertThatThrownBy(() -> ModelDirectory.attach(root.toString(), HADOOP))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("The file manifest.json of the model");

        // What tells how to use the files is as much a part of the model as they are.
        Files.writeString(manifest, json.replace("\"crop\" : 32", "\"crop\" : 31"));
        assertThatThrownBy(() -> ModelDirectory.attach(root.toString(), HADOOP))
                .hasMessageStartingWith("The file manifest.json of the model");

        Files.writeString(manifest, json.replace("\"formatVersion\" : 1", "\"formatVersion\" : 9"));
        assertThatThrownBy(() -> ModelDirectory.attach(root.toString(), HADOOP))
                .hasMessageContaining("has format version 9 but this release reads version 1");

        Files.writeString(manifest, json.substring(0, json.length() / 2));
        assertThatThrownBy(() -> ModelDirectory.attach(root.toString(), HADOOP)).isInstanceOf(UserException.class);

        Files.writeString(manifest, json);
        Files.delete(root.resolve(ModelDirectory.NETWORK));
        assertThatThrownBy(() -> ModelDirectory.open(root.toString(), HADOOP))
                .hasMessageStartingWith("The file network.zip of the model");
    }

    @Test
    void neverReplacesWhatIsNotAModel() throws Exception {
        Files.createDirectories(root);
        Files.writeString(root.resolve("thesis.txt"), "years of work");
        assertThatThrownBy(() -> publish("first"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("holds something other than a model");
        assertThat(root.resolve("thesis.txt")).hasContent("years of work");
    }

    @Test
    void neverReplacesAModelThatHoldsMoreThanAModel() throws Exception {
        publish("first");
        Files.createDirectories(root.resolve("codes"));
        assertThatThrownBy(() -> publish("second")).hasMessageContaining("holds something other than a model");
        assertThat(root.resolve("codes")).isDirectory();
    }

    @Test
    void aKilledPublicationIsClearedByTheNext() throws Exception {
        final ModelManifest first = publish("first");
        // Killed between the two renames: the old model lies aside, the new one is not in its place.
        Files.move(root, folder.resolve("_model.old-1"));
        Files.createDirectories(folder.resolve("_model.new-1"));
        assertThatThrownBy(() -> ModelPublisher.publish(
                        root.toString(), HADOOP, DRAFT, Map.of("no/such\u0000name", new byte[1])))
                .isInstanceOf(Exception.class);
        assertThat(ModelDirectory.open(root.toString(), HADOOP).manifest()).isEqualTo(first);
        publish("second");
        try (var siblings = Files.list(folder)) {
            assertThat(siblings).containsExactly(root);
        }
    }

    @Test
    void findsOutEarlyThatAModelCannotBeWritten() throws Exception {
        final Path file = folder.resolve("file");
        Files.writeString(file, "x");
        assertThatThrownBy(() ->
                        ModelPublisher.requireReplaceable(file.resolve("model").toString(), HADOOP))
                .isInstanceOf(UserException.class)
                .hasMessageEndingWith("correct model.path.");
        assertThatThrownBy(() -> ModelPublisher.requireReplaceable("nosuch://host/model", HADOOP))
                .isInstanceOf(UserException.class);
    }

    @Test
    void saysWhereNoModelIs() throws Exception {
        assertThatThrownBy(() -> ModelDirectory.open(root.toString(), HADOOP))
                .hasMessage("There is no model at " + root + "; train one or correct model.path.");
        Files.createDirectories(root);
        assertThatThrownBy(() -> ModelDirectory.open(root.toString(), HADOOP))
                .hasMessageContaining("holds no manifest.json");
    }
}
