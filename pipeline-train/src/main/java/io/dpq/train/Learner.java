package io.dpq.train;

import io.dpq.network.NetworkSpec;
import io.dpq.train.data.BatchRecipe;
import io.dpq.train.data.TrainingData;
import io.dpq.train.data.ValidationRows;
import java.util.Optional;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;

/**
 * The network that a training moves, with what it learns from and is measured on: the whole network and the images, or, where
 * the backbone is frozen, the part behind it and features that were computed once.
 *
 * @param spec of the network; of the whole one where a part of it learns
 * @param foundation what it stands on
 * @param fresh builds it as it is before the first step
 * @param data to learn from
 * @param queries to be measured on
 * @param recipe from rows of either to its batches
 * @param cache of the features, where there is one
 */
record Learner(
        NetworkSpec spec,
        Foundation foundation,
        Supplier<ComputationGraph> fresh,
        TrainingData data,
        Optional<ValidationRows> queries,
        BatchRecipe recipe,
        Optional<FeatureCache> cache) {}
