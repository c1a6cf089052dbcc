package io.dpq.encode;

import io.dpq.codes.CodeSchema.Extra;
import io.dpq.image.ImageRejectedException.Reason;
import io.dpq.network.SharedModel;
import io.dpq.quantizer.Reconstruction;
import io.dpq.quantizer.ResidualEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/**
 * Decoded images on their way through the network, in buffers that are used again. One thread at a time.
 *
 * <p>The network always sees a full batch, padded with zeros where images run out: libraries choose their kernels by the
 * batch's size, so that a shorter last batch would make codes depend on where partitions end. Deeplearning4j's embeddings of
 * up to four images do differ in their last bits from those of more; ONNX Runtime's were not seen to, but it promises nothing.
 */
final class Batch {
    private final int size;
    private final int levels;
    private final Set<Extra> extras;
    /** One an image, exchanged for the image's own: a tensor is as large as many a photo, and not copied for nothing. */
    private final float[][] tensors;

    private final List<Entry> images;
    /** Of the batch encoded last: used again, since new memory is memory that no cache holds. */
    private final float[] embeddings;

    /** What is known of an image before it has a code. */
    private record Entry(StagedRow.Facts facts, @Nullable Object contentHash, int width, int height) {}

    /**
     * What a batch became.
     *
     * @param rows staged rows, one an image
     * @param refused of these, images that the model yields no number for
     * @param nanos how long the network and the quantizer took
     */
    record Encoded(List<Row> rows, int refused, long nanos) {}

    Batch(final int size, final int levels, final Set<Extra> extras, final int tensorLength, final int dimensions) {
        this.size = size;
        this.levels = levels;
        this.extras = extras;
        this.tensors = new float[size][tensorLength];
        this.images = new ArrayList<>(size);
        this.embeddings = new float[Math.multiplyExact(size, dimensions)];
    }

    boolean isFull() {
        return images.size() == size;
    }

    boolean isEmpty() {
        return images.isEmpty();
    }

    /** Images that still go in. */
    int room() {
        return size - images.size();
    }

    /** Takes an image that was decoded, and its tensor. */
    void add(final Decoding.Image image) {
        tensors[images.size()] = image.exchange(tensors[images.size()]);
        images.add(new Entry(StagedRow.Facts.of(image.row()), image.contentHash(), image.width(), image.height()));
    }

    /** Embeds and encodes what is there, and leaves the batch empty. */
    Encoded encode(final SharedModel model) {
        final long began = System.nanoTime();
        for (int i = images.size(); i < size; i++) {
            Arrays.fill(tensors[i], 0);
        }
        final int dimensions = model.embedder().dimensions();
        model.embedder().embed(tensors, embeddings);
        final short[] codes = new short[size * levels];
        final boolean[] numbers = numbers(model.quantizer(), dimensions);
        model.quantizer().encode(embeddings, images.size(), codes);
        final float[] norms = extras.contains(Extra.NORMS)
                ? Reconstruction.norms(model.quantizer().codebooks(), codes, images.size())
                : new float[0];
        final List<Row> rows = new ArrayList<>(images.size());
        int refused = 0;
        for (int i = 0; i < images.size(); i++) {
            final Entry image = images.get(i);
            final @Nullable Object[] values = StagedRow.begun(levels, extras, image.facts(), image.contentHash());
            if (!numbers[i]) {
                refused++;
                rows.add(StagedRow.refused(
                        values, levels, Reason.CORRUPT, "the model yields a value that is not finite"));
                continue;
            }
            for (int level = 0; level < levels; level++) {
                values[3 + level] = codes[i * levels + level];
            }
            int at = StagedRow.firstExtra(levels);
            if (extras.contains(Extra.EMBEDDING)) {
                values[at++] = Arrays.copyOfRange(embeddings, i * dimensions, (i + 1) * dimensions);
            }
            if (extras.contains(Extra.NORMS)) {
                for (int level = 0; level < levels; level++) {
                    values[at++] = norms[i * levels + level];
                }
            }
            if (extras.contains(Extra.SIZE)) {
                values[at++] = image.width();
                values[at] = image.height();
            }
            rows.add(RowFactory.create(values));
        }
        images.clear();
        return new Encoded(rows, refused, System.nanoTime() - began);
    }

    /**
     * Of which images all values are numbers: a code of others would mean nothing, and nobody would see it. The quantizer is
     * spared those others, which become zeros.
     */
    private boolean[] numbers(final ResidualEncoder quantizer, final int dimensions) {
        final boolean[] numbers = new boolean[images.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = quantizer.isFinite(embeddings, i * dimensions);
            if (!numbers[i]) {
                Arrays.fill(embeddings, i * dimensions, (i + 1) * dimensions, 0);
            }
        }
        return numbers;
    }
}
