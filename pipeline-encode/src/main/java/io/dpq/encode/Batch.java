package io.dpq.encode;

import io.dpq.config.UserException;
import io.dpq.network.SharedModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
    private final boolean keepEmbeddings;
    private final int tensorLength;
    private final float[] tensors;
    private final List<Row> images;

    Batch(final int size, final int levels, final boolean keepEmbeddings, final int tensorLength) {
        this.size = size;
        this.levels = levels;
        this.keepEmbeddings = keepEmbeddings;
        this.tensorLength = tensorLength;
        this.tensors = new float[Math.multiplyExact(size, tensorLength)];
        this.images = new ArrayList<>(size);
    }

    boolean isFull() {
        return images.size() == size;
    }

    boolean isEmpty() {
        return images.isEmpty();
    }

    /** Where the next image's tensor goes. */
    float[] tensors() {
        return tensors;
    }

    /** At which offset the next image's tensor goes. */
    int offset() {
        return images.size() * tensorLength;
    }

    /** Takes the image whose tensor has been written. */
    void add(final @Nullable Object id, final @Nullable Object labels, final @Nullable Object contentHash) {
        images.add(RowFactory.create(id, labels, contentHash));
    }

    /** Embeds and encodes what is there, and leaves the batch empty. */
    List<Row> encode(final SharedModel model) {
        Arrays.fill(tensors, offset(), tensors.length, 0);
        final float[] embeddings = model.embedder().embed(tensors, size);
        final short[] codes = new short[size * levels];
        requireFinite(embeddings, embeddings.length / size);
        model.quantizer().encode(embeddings, size, codes);
        final List<Row> rows = new ArrayList<>(images.size());
        for (int i = 0; i < images.size(); i++) {
            final int dimensions = embeddings.length / size;
            rows.add(row(
                    images.get(i),
                    codes,
                    i * levels,
                    keepEmbeddings ? Arrays.copyOfRange(embeddings, i * dimensions, (i + 1) * dimensions) : null));
        }
        images.clear();
        return rows;
    }

    /** A code of values that are not finite would mean nothing, and nobody would see it. */
    private void requireFinite(final float[] embeddings, final int dimensions) {
        for (int i = 0; i < images.size() * dimensions; i++) {
            if (!Float.isFinite(embeddings[i])) {
                throw UserException.data("The model yields a value that is not finite for "
                        + images.get(i / dimensions).getString(0)
                        + "; take it out of the lake, or train a model that bears what the lake holds.");
            }
        }
    }

    private Row row(final Row image, final short[] codes, final int offset, final float @Nullable [] embedding) {
        final @Nullable Object[] values = new @Nullable Object[3 + levels + 3 + (embedding == null ? 0 : 1)];
        for (int i = 0; i < 3; i++) {
            values[i] = image.get(i);
        }
        for (int level = 0; level < levels; level++) {
            values[3 + level] = codes[offset + level];
        }
        if (embedding != null) {
            values[values.length - 1] = embedding;
        }
        return RowFactory.create(values);
    }
}
