package io.dpq.train.averaging;

import java.io.Serializable;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Is told by every worker, on its executor, what happens within a round. */
public interface RoundObserver extends Serializable {
    /** A batch is done. */
    void batch();

    /**
     * The worker's round is done.
     *
     * @param graph as the worker leaves it; its parameters must stay as they are
     * @param batch the last one
     */
    void round(ComputationGraph graph, MultiDataSet batch);
}
