package io.dpq.train.data;

import io.dpq.image.Augmentation;
import io.dpq.image.ImageDecoder;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.InputReader;
import io.dpq.image.Tensors;
import io.dpq.train.random.Seeds;
import java.io.Serializable;
import java.util.List;
import java.util.SplittableRandom;

/**
 * How a worker turns encoded images into network input. Augmentation is drawn anew in every epoch from the seed, the epoch and
 * the image's id, but for mirroring, which alternates; so it does not depend on which worker does it. Immutable and thread-safe.
 */
public final class BatchRecipe implements Serializable {
    private static final long serialVersionUID = 1L;

    private final InputContract contract;
    private final BatchMaker maker;
    private final Augmentation augmentation;
    private final long seed;

    public BatchRecipe(
            final InputContract contract, final BatchMaker maker, final Augmentation augmentation, final long seed) {
        this.contract = contract;
        this.maker = maker;
        this.augmentation = augmentation;
        this.seed = seed;
    }

    public BatchMaker maker() {
        return maker;
    }

    /** Whether an image's embedding is the mean of its own and of its mirror image's. */
    public boolean mirror() {
        return contract.images().mirror();
    }

    /** What decodes on this JVM. */
    public Kitchen open() {
        return new Kitchen(contract);
    }

    /** A recipe with its tools, which do not travel. */
    public final class Kitchen {
        private final InputReader reader;
        private final Tensors tensors;
        private final ImageDecoder decoder;
        private final boolean augments;
        private final int length;

        private Kitchen(final InputContract contract) {
            this.reader = contract.reader();
            this.tensors = new Tensors(contract.images());
            this.decoder = new ImageDecoder(contract.images());
            this.augments = !contract.vectors();
            this.length = reader.length();
        }

        /** Reads a training batch, and augments it where it is of images. */
        float[] augmented(final List<TrainRow> rows, final int epoch) {
            return augments ? batch(rows, (row, into, at) -> augment(row, epoch, into, at)) : centred(rows);
        }

        private void augment(final TrainRow row, final int epoch, final float[] into, final int at)
                throws ImageRejectedException {
            tensors.augmented(
                    decoder.decode(row.content()),
                    augmentation,
                    augmentation.mirrors(Seeds.mix(seed, row.key()), epoch),
                    new SplittableRandom(Seeds.mix(seed, epoch, row.key())),
                    into,
                    at);
        }

        /** Reads a batch as every job but training sees it. */
        public float[] centred(final List<TrainRow> rows) {
            return batch(rows, (row, into, at) -> reader.read(row.content(), into, at));
        }

        private float[] batch(final List<TrainRow> rows, final Cook cook) {
            final float[] inputs = new float[Math.multiplyExact(rows.size(), length)];
            for (int i = 0; i < rows.size(); i++) {
                try {
                    cook.add(rows.get(i), inputs, i * length);
                } catch (ImageRejectedException e) {
                    throw new IllegalStateException(
                            "The row " + rows.get(i).id() + " could be read before but not now.", e);
                }
            }
            return inputs;
        }
    }

    /** Writes a row's input into a batch. */
    @FunctionalInterface
    private interface Cook {
        void add(TrainRow row, float[] into, int at) throws ImageRejectedException;
    }
}
