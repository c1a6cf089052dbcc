package io.dpq.network;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What an updater remembers of each parameter (momentum, or Adam's two means). A graph lays it out in blocks in the order of its
 * vertices, which another graph of the same layers need not have. Stateless.
 */
final class UpdaterStates {
    private UpdaterStates() {}

    /** Copies the state of all parameters that both graphs learn. */
    static void copy(final ComputationGraph from, final ComputationGraph to) {
        final Map<String, List<INDArray>> sources = views(from);
        views(to).forEach((name, targets) -> {
            final List<INDArray> found = sources.getOrDefault(name, List.of());
            for (int i = 0; i < found.size(); i++) {
                targets.get(i).assign(found.get(i));
            }
        });
    }

    /** Views of the state, by layer and parameter. */
    private static Map<String, List<INDArray>> views(final ComputationGraph graph) {
        final Map<String, List<INDArray>> views = new HashMap<>();
        for (final UpdaterBlock block : graph.getUpdater().getUpdaterBlocks()) {
            final INDArray state = block.getUpdaterView();
            if (state != null) {
                block.getLayersAndVariablesInBlock()
                        .forEach(parameter -> views.put(
                                parameter.getLayer().getConfig().getLayerName() + "/" + parameter.getParamName(),
                                views(block, state.reshape(state.length()), parameter)));
            }
        }
        return views;
    }

    /** A block holds one kind of memory of all its parameters, then the next. */
    private static List<INDArray> views(
            final UpdaterBlock block, final INDArray state, final UpdaterBlock.ParamState parameter) {
        final int length = block.getParamOffsetEnd() - block.getParamOffsetStart();
        final List<INDArray> views = new ArrayList<>();
        for (long start = 0; start < state.length(); start += length) {
            views.add(state.get(NDArrayIndex.interval(
                    start + parameter.getParamOffsetStart() - block.getParamOffsetStart(),
                    start + parameter.getParamOffsetEnd() - block.getParamOffsetStart())));
        }
        return views;
    }
}
