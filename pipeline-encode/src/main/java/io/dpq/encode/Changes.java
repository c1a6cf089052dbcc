package io.dpq.encode;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.dpq.codes.CodeSchema;
import io.dpq.codes.CodeSchema.Action;
import io.dpq.image.ImageRejectedException.Reason;
import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * What is to be done about which image: a lake's listing against what the table knows. An image stays as it is where length
 * and modification time are those of its newest row. Where a time is missing or another, its content decides, by its hash:
 * touched or copied files are not encoded again. Stateless.
 *
 * @param exactLengths whether the lake lists lengths to the byte; otherwise another length says nothing of the content
 * @param retryFailed whether images in the quarantine are tried again though they have not changed
 */
record Changes(boolean exactLengths, boolean retryFailed) {
    /** An action that only the content can tell. */
    private static final String SUSPECT = "suspect";

    /** Whether an image keeps its code because its content could not be read. */
    static final String UNREAD = "unread";

    private static final String KNOWN = "known_";

    /**
     * Compares by what was listed.
     *
     * @param listing rows {@code id, labels, length} and, where the lake has it, {@code modified}
     * @param state rows of {@link io.dpq.codes.CodeTable#state}
     * @return the columns of {@link CodeSchema#plan} and those of the state, named {@code known_…}; the action may be suspect
     */
    Dataset<Row> compare(final Dataset<Row> listing, final Dataset<Row> state) {
        final Dataset<Row> known = state.select(
                col(CodeSchema.ID).as(KNOWN + CodeSchema.ID),
                col(CodeSchema.LABELS).as(KNOWN + CodeSchema.LABELS),
                col(CodeSchema.LENGTH).as(KNOWN + CodeSchema.LENGTH),
                col(CodeSchema.MODIFIED).as(KNOWN + CodeSchema.MODIFIED),
                col(CodeSchema.CONTENT_HASH).as(KNOWN + CodeSchema.CONTENT_HASH),
                col(CodeSchema.REASON).as(KNOWN + CodeSchema.REASON));
        return listing.select(col(CodeSchema.ID), col(CodeSchema.LABELS), col(CodeSchema.LENGTH), modified(listing))
                .join(known, col(CodeSchema.ID).equalTo(known(CodeSchema.ID)), "full_outer")
                .withColumn(CodeSchema.ACTION, byListing())
                .withColumn(CodeSchema.ID, coalesce(col(CodeSchema.ID), known(CodeSchema.ID)));
    }

    /** The columns of {@link CodeSchema#plan} where the table holds nothing, so that all is new. */
    static Dataset<Row> first(final Dataset<Row> listing) {
        return listing.select(col(CodeSchema.ID), col(CodeSchema.LABELS), col(CodeSchema.LENGTH), modified(listing))
                .withColumn(CodeSchema.ACTION, stored(Action.NEW));
    }

    private static Column modified(final Dataset<Row> listing) {
        return Arrays.asList(listing.columns()).contains(CodeSchema.MODIFIED)
                ? col(CodeSchema.MODIFIED)
                : lit(null).cast("long").as(CodeSchema.MODIFIED);
    }

    private Column byListing() {
        final Column sameLength = col(CodeSchema.LENGTH).equalTo(known(CodeSchema.LENGTH));
        final Column sameTime = col(CodeSchema.MODIFIED).equalTo(known(CodeSchema.MODIFIED));
        final Column unread = known(CodeSchema.CONTENT_HASH).isNull();
        final Column reason = known(CodeSchema.REASON);
        return when(known(CodeSchema.ID).isNull(), stored(Action.NEW))
                .when(col(CodeSchema.ID).isNull(), stored(Action.DELETED))
                .when(failed().and(lit(retryFailed)), stored(Action.RETRIED))
                // That the storage failed says nothing about the image.
                .when(reason.equalTo(Reason.UNREADABLE.name()), stored(Action.RETRIED))
                .when(sameLength.and(sameTime), unlessRelabelled())
                // Refused for its length alone, it was never read, and need not be.
                .when(reason.equalTo(Reason.TOO_MANY_BYTES.name()).and(sameLength), stored(Action.UNCHANGED))
                .when(unread.or(lit(exactLengths).and(not(sameLength))), anew())
                .otherwise(lit(SUSPECT));
    }

    /**
     * Settles the suspects.
     *
     * @param compared what {@link #compare} gave
     * @param contents rows {@code id, content, length} of the suspects; content is null where it cannot be read or is longer
     *     than {@code maxBytes}
     * @return as {@link #compare}, without suspects, and {@link #UNREAD}
     */
    static Dataset<Row> settle(final Dataset<Row> compared, final Dataset<Row> contents, final long maxBytes) {
        final Dataset<Row> hashes = contents.select(
                col(CodeSchema.ID).as("read_id"),
                when(col("content").isNotNull(), xxhash64(col("content"))).as("read_hash"),
                col("content")
                        .isNull()
                        .and(col("length").gt(0))
                        .and(col("length").leq(maxBytes))
                        .as("unreadable"));
        final Column sameFacts = col(CodeSchema.LENGTH)
                .eqNullSafe(known(CodeSchema.LENGTH))
                .and(col(CodeSchema.MODIFIED).eqNullSafe(known(CodeSchema.MODIFIED)));
        final Column byContent = when(
                        col("read_hash").equalTo(known(CodeSchema.CONTENT_HASH)),
                        when(sameFacts, unlessRelabelled())
                                .otherwise(
                                        when(failed(), stored(Action.RETRIED)).otherwise(stored(Action.REFRESHED))))
                // What was encoded and cannot be read tonight keeps its code: the storage failed, which says nothing of
                // the image.
                .when(unread(), stored(Action.UNCHANGED))
                .otherwise(anew());
        return compared.join(hashes, col(CodeSchema.ID).equalTo(col("read_id")), "left")
                .withColumn(CodeSchema.ACTION, when(isSuspect(), byContent).otherwise(col(CodeSchema.ACTION)))
                .withColumn(UNREAD, coalesce(unread(), lit(false)));
    }

    private static Column unread() {
        return col("unreadable").and(not(failed()));
    }

    static Column isSuspect() {
        return col(CodeSchema.ACTION).equalTo(SUSPECT);
    }

    static Column is(final Action... actions) {
        return col(CodeSchema.ACTION)
                .isin(Arrays.stream(actions).map(Action::stored).toArray());
    }

    private static Column anew() {
        return when(failed(), stored(Action.RETRIED)).otherwise(stored(Action.CHANGED));
    }

    /** Quarantined images have no labels to compare. */
    private static Column unlessRelabelled() {
        return when(failed().or(col(CodeSchema.LABELS).eqNullSafe(known(CodeSchema.LABELS))), stored(Action.UNCHANGED))
                .otherwise(stored(Action.REFRESHED));
    }

    private static Column failed() {
        return known(CodeSchema.REASON).isNotNull();
    }

    private static Column known(final String column) {
        return col(KNOWN + column);
    }

    private static Column stored(final Action action) {
        return lit(action.stored());
    }
}
