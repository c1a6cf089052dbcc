package io.dpq.train;

import io.dpq.image.Augmentation;
import io.dpq.image.ImageContract;
import io.dpq.image.ImageDecoder;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.RgbImage;
import io.dpq.image.Tensors;
import java.io.Serializable;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * How a worker turns encoded images into network input. Augmentation is drawn anew in every epoch from the seed, the epoch and
 * the image's id, so it does not depend on which worker does it. Immutable and thread-safe.
 */
final class BatchRecipe implements Serializable {
    private static final long serialVersionUID = 1L;

    private final @Nullable String contract;
    private final BatchMaker maker;
    private final Augmentation augmentation;
    private final long seed;

    private BatchRecipe(final BatchMaker maker) {
        this.contract = null;
        this.maker = maker;
        this.augmentation = new Augmentation(false, false, 1, 0, 0, 0, 0, 0);
        this.seed = 0;
    }

    /** For rows whose content is not an image but features that were computed before, which nothing can augment. */
    static BatchRecipe ofFeatures(final BatchMaker maker) {
        return new BatchRecipe(maker);
    }

    BatchRecipe(
            final ImageContract contract, final BatchMaker maker, final Augmentation augmentation, final long seed) {
        this.contract = ContractJson.write(contract);
        this.maker = maker;
        this.augmentation = augmentation;
        this.seed = seed;
    }

    BatchMaker maker() {
        return maker;
    }

    /** What decodes on this JVM. */
    Kitchen open() {
        return contract == null ? new FeatureKitchen() : new ImageKitchen(ContractJson.read(contract));
    }

    /** A recipe with its tools, which do not travel. */
    interface Kitchen {
        /** Decodes and augments a training batch. */
        float[] augmented(List<TrainRow> rows, int epoch);

        /** Decodes a batch as every job but training sees it. */
        float[] centred(List<TrainRow> rows);
    }

    /** Takes features as they are. */
    private static final class FeatureKitchen implements Kitchen {
        @Override
        public float[] augmented(final List<TrainRow> rows, final int epoch) {
            return centred(rows);
        }

        @Override
        public float[] centred(final List<TrainRow> rows) {
            return FeatureBytes.join(rows);
        }
    }

    /** Decodes images. */
    private final class ImageKitchen implements Kitchen {
        private final ImageDecoder decoder;
        private final Tensors tensors;
        private final int length;

        private ImageKitchen(final ImageContract contract) {
            this.decoder = new ImageDecoder(contract);
            this.tensors = new Tensors(contract);
            this.length = contract.tensorLength();
        }

        @Override
        public float[] augmented(final List<TrainRow> rows, final int epoch) {
            final float[] images = new float[rows.size() * length];
            for (int i = 0; i < rows.size(); i++) {
                final TrainRow row = rows.get(i);
                tensors.augmented(
                        decode(row),
                        augmentation,
                        new SplittableRandom(Seeds.mix(seed, epoch, row.key())),
                        images,
                        i * length);
            }
            return images;
        }

        @Override
        public float[] centred(final List<TrainRow> rows) {
            final float[] images = new float[rows.size() * length];
            for (int i = 0; i < rows.size(); i++) {
                tensors.centre(decode(rows.get(i)), images, i * length);
            }
            return images;
        }

        private RgbImage decode(final TrainRow row) {
            try {
                return decoder.decode(row.content());
            } catch (ImageRejectedException e) {
                throw new IllegalStateException("The image " + row.id() + " could be decoded before but not now.", e);
            }
        }
    }
}
