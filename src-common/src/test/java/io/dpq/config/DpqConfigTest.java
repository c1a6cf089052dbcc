package io.dpq.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DpqConfigTest {
    @TempDir
    private Path folder;

    private enum Flavour {
        PLAIN,
        END_TO_END
    }

    @Test
    void laysFileAndAssignmentsOverTheDefaults() throws Exception {
        final Path file = folder.resolve("a.conf");
        Files.writeString(file, "train { epochs = 7, batch-size = 8 }\nseed = 1");
        final DpqConfig config = DpqConfig.load(file, List.of("train.epochs=9", "model.path=hdfs://host:8020/m?a=b"));
        assertThat(config.integer("train.epochs", 1, 100)).isEqualTo(9);
        assertThat(config.integer("train.batch-size", 1, 100)).isEqualTo(8);
        assertThat(config.integer("quantization.levels", 1, 100)).isEqualTo(4);
        assertThat(config.string("model.path")).isEqualTo("hdfs://host:8020/m?a=b");
        assertThat(config.seed()).isEqualTo(1);
    }

    @Test
    void lengthsOfTimeTakeUnits() {
        assertThat(DpqConfig.defaults().duration("train.stall-timeout")).isEqualTo(Duration.ofMinutes(15));
        assertThat(DpqConfig.load(null, List.of("train.stall-timeout=0")).duration("train.stall-timeout"))
                .isEqualTo(Duration.ZERO);
        for (final String wrong : List.of("-3s", "soon")) {
            assertThatThrownBy(() -> DpqConfig.load(null, List.of("train.stall-timeout=" + wrong))
                            .duration("train.stall-timeout"))
                    .isInstanceOf(UserException.class)
                    .hasMessage("The key 'train.stall-timeout' is '" + wrong
                            + "' but must be a length of time such as 15m.");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.epoch=3|The key 'train.epoch' is unknown; did you mean 'train.epochs'?",
                "epochs=3|The key 'epochs' is unknown; did you mean 'train.epochs'?",
                "encode.batchsize=3|The key 'encode.batchsize' is unknown; did you mean 'encode.batch-size'?",
                "zzzzzz.yyyyyy=3|The key 'zzzzzz' is unknown; reference.conf documents every key",
                "train=3|The key 'train' is a section; set one of its keys",
                "train.epochs|--set train.epochs has no value; write --set key=value.",
            })
    void refusesWhatItDoesNotKnow(final String set, final String sentence) {
        assertThatThrownBy(() -> DpqConfig.load(null, List.of(set)))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(sentence)
                .extracting(e -> ((UserException) e).fault())
                .isEqualTo(UserException.Fault.USAGE);
    }

    @Test
    void takesPathsThatLookLikeComments() {
        assertThat(DpqConfig.load(null, List.of("model.path=/data//m")).string("model.path"))
                .isEqualTo("/data//m");
        assertThat(DpqConfig.load(null, List.of("model.path=/data/run#2")).string("model.path"))
                .isEqualTo("/data/run#2");
        assertThatThrownBy(() -> DpqConfig.load(null, List.of("model..path=x")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("has no valid key");
    }

    @Test
    void aSectionMayReferToAnother() throws Exception {
        final Path file = folder.resolve("refer.conf");
        Files.writeString(file, "train.lake.path = /a\nencode.lake = ${train.lake} { list = x }");
        final DpqConfig config = DpqConfig.load(file, List.of());
        assertThat(config.string("encode.lake.path")).isEqualTo("/a");
        assertThat(config.string("encode.lake.list")).isEqualTo("x");
    }

    @Test
    void aFractionIsNotAWholeNumber() {
        assertThatThrownBy(
                        () -> DpqConfig.load(null, List.of("train.epochs=1.5")).integer("train.epochs", 1, 10))
                .hasMessageContaining("must be a whole number");
    }

    @Test
    void saysWhatAValueMustBe() {
        final DpqConfig config = DpqConfig.load(
                null,
                List.of("train.epochs=many", "loss.margin=-1", "backbone.kind=end-to-end", "evaluate.ties=\"ID\""));
        assertThatThrownBy(() -> config.integer("train.epochs", 1, 10))
                .hasMessage("The key 'train.epochs' is 'many' but must be a whole number from 1 to 10.");
        assertThatThrownBy(() -> config.decimal("loss.margin", 0, 10))
                .hasMessage("The key 'loss.margin' is '-1' but must be a number from 0.0 to 10.0.");
        assertThatThrownBy(() -> config.choice("evaluate.ties", Flavour.class))
                .hasMessage("The key 'evaluate.ties' is 'ID' but must be one of plain, end-to-end.");
        assertThat(config.choice("backbone.kind", Flavour.class)).isEqualTo(Flavour.END_TO_END);
        assertThatThrownBy(config::seed).hasMessageStartingWith("The key 'seed' must be set");
        assertThat(config.optionalString("model.path")).isEmpty();
    }

    @Test
    void refusesAMissingOrBrokenFile() throws Exception {
        assertThatThrownBy(() -> DpqConfig.load(folder.resolve("none.conf"), List.of()))
                .hasMessageContaining("does not exist");
        final Path broken = folder.resolve("broken.conf");
        Files.writeString(broken, "train { epochs = ");
        assertThatThrownBy(() -> DpqConfig.load(broken, List.of()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is not valid HOCON");
    }

    @Test
    void everyKeyOfReferenceIsDocumented() throws Exception {
        final List<String> lines;
        try (var in = DpqConfig.class.getResourceAsStream("reference.conf")) {
            lines = new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
        int documented = 0;
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).matches("\\s*[a-z][a-z-]*(\\.[a-z-]+)? = .*")) {
                int above = i - 1;
                // Neighbours may share one comment, as mean and deviation do; a section's own comment serves its lake
                // keys.
                while (lines.get(above).matches("[^#]*( = |\\{$).*")) {
                    above--;
                }
                assertThat(lines.get(above).strip())
                        .as("comment above line %d: %s", i + 1, lines.get(i))
                        .startsWith("#");
                documented++;
            }
        }
        assertThat(documented).isGreaterThan(50);
    }
}
