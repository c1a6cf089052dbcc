package io.dpq.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.config.UserException;
import io.dpq.model.ModelDirectory;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges whether a trained model is fit to replace what is published.
 *
 * @param settings the bar
 * @param modelPath where models are published
 * @param threads that an executor's task computes with
 */
record PublishGate(RunSettings.Publish settings, String modelPath, int threads) {
    private static final Logger LOG = LoggerFactory.getLogger(PublishGate.class);

    /** The key of the validation's figures among a manifest's metrics. */
    static final String VALIDATION = "validation";

    /**
     * What speaks against publishing a model, as the rest of a sentence that begins with it.
     *
     * @param scores of the model
     * @param validation that measured them, to measure the published model by
     * @param say takes a sentence on what is compared
     */
    Optional<String> objection(
            final ValidationScores scores,
            final Validation validation,
            final Configuration hadoop,
            final Consumer<String> say) {
        if (scores.last() < settings.minMap()) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "its mAP of %.4f is below train.publish.min-map, %s",
                    scores.last(),
                    Double.toString(settings.minMap())));
        }
        if (!settings.mustBeatPublished()) {
            return Optional.empty();
        }
        final Optional<ValidationScores> published;
        try {
            published = published(validation, hadoop, say);
        } catch (Exception e) {
            // Whatever it is, hours of training must not end with it: the model is kept aside, and what is published
            // stays.
            LOG.warn("The published model cannot be compared with", e);
            return Optional.of("the published model cannot be compared with (" + e.getMessage() + ")");
        }
        return published
                .filter(other -> scores.last() < other.last())
                .map(other -> String.format(
                        Locale.ROOT,
                        "its mAP of %.4f is below the published model's, %.4f, on the same images",
                        scores.last(),
                        other.last()));
    }

    private Optional<ValidationScores> published(
            final Validation validation, final Configuration hadoop, final Consumer<String> say) {
        if (!ModelDirectory.exists(modelPath, hadoop)) {
            return Optional.empty();
        }
        try {
            final ModelDirectory model = ModelDirectory.open(modelPath, hadoop);
            final Optional<ValidationScores> told = told(model.manifest().metrics())
                    .filter(scores -> scores.fingerprint().equals(validation.fingerprint()));
            if (told.isPresent()) {
                say.accept("the published model was measured on the same images: "
                        + told.get().words());
                return told;
            }
            final ValidationScores scores = validation.measure(model, modelPath, threads);
            say.accept("the published model, measured anew: " + scores.words());
            return Optional.of(scores);
        } catch (UserException e) {
            if (e.getCause() instanceof IOException storage && !(storage instanceof FileNotFoundException)) {
                // An outage of the storage must not let a worse model take the place of a better one.
                throw new UncheckedIOException(storage);
            }
            say.accept(
                    "warning: the published model cannot be compared with, so this one replaces it: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<ValidationScores> told(final Map<String, Object> metrics) {
        try {
            return Optional.ofNullable(
                    new ObjectMapper().convertValue(metrics.get(VALIDATION), ValidationScores.class));
        } catch (IllegalArgumentException e) {
            // Written by a release that measured otherwise.
            return Optional.empty();
        }
    }
}
