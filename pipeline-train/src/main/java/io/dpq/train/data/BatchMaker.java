package io.dpq.train.data;

import java.io.Serializable;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Puts decoded images and their labels into the form that a graph takes. */
@FunctionalInterface
public interface BatchMaker extends Serializable {
    /**
     * One batch.
     *
     * @param images [N, 3, S, S], row-major
     * @param labels N rows of class indices
     */
    MultiDataSet make(float[] images, int[][] labels);
}
