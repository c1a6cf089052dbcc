package io.dpq.train;

import io.dpq.network.DpqNetwork;
import io.dpq.network.NetworkZip;
import io.dpq.network.OneDnnNotice;
import io.dpq.train.data.BatchRecipe;
import io.dpq.train.data.TrainRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import scala.Tuple2;

/**
 * Embeds and classifies rows in inference mode, without augmentation, a batch at a time; embeds from both sides where the contract
 * of images says so, and classifies images as they are.
 */
final class RowEmbedder implements FlatMapFunction<Iterator<Tuple2<Integer, TrainRow>>, EmbeddedRow> {
    private static final long serialVersionUID = 1L;

    private final Broadcast<byte[]> network;
    private final BatchRecipe recipe;
    private final int batchSize;

    /**
     * For one state of the network.
     *
     * @param network bytes of network.zip
     */
    RowEmbedder(final Broadcast<byte[]> network, final BatchRecipe recipe, final int batchSize) {
        this.network = network;
        this.recipe = recipe;
        this.batchSize = batchSize;
    }

    @Override
    public Iterator<EmbeddedRow> call(final Iterator<Tuple2<Integer, TrainRow>> rows) {
        if (!rows.hasNext()) {
            return List.<EmbeddedRow>of().iterator();
        }
        OneDnnNotice.give();
        final ComputationGraph graph = NetworkZip.restore(network.value(), false);
        final BatchRecipe.Kitchen kitchen = recipe.open();
        final boolean mirror = recipe.mirror();
        return new Iterator<>() {
            private Iterator<EmbeddedRow> ready = List.<EmbeddedRow>of().iterator();

            @Override
            public boolean hasNext() {
                return ready.hasNext() || rows.hasNext();
            }

            @Override
            public EmbeddedRow next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                if (!ready.hasNext()) {
                    ready = batch().iterator();
                }
                return ready.next();
            }

            private List<EmbeddedRow> batch() {
                final List<TrainRow> batch = new ArrayList<>();
                while (batch.size() < batchSize && rows.hasNext()) {
                    batch.add(rows.next()._2());
                }
                // Filled up, since what a row yields depends in its last bits on how many rows the network sees at
                // once: the start of the codebooks must not depend on how rows lie in partitions.
                final List<TrainRow> full = new ArrayList<>(batch);
                while (full.size() < batchSize) {
                    full.add(batch.get(batch.size() - 1));
                }
                return embed(graph, mirror, kitchen.centred(full), full).subList(0, batch.size());
            }
        };
    }

    private List<EmbeddedRow> embed(
            final ComputationGraph graph, final boolean mirror, final float[] images, final List<TrainRow> rows) {
        final INDArray input = recipe.maker()
                .make(images, rows.stream().map(TrainRow::labels).toArray(int[][]::new))
                .getFeatures(0);
        final boolean classifies = DpqNetwork.classifies(graph);
        final INDArray[] outputs = classifies
                ? DpqNetwork.activations(graph, input, DpqNetwork.EMBEDDING, DpqNetwork.CLASSIFICATION)
                : DpqNetwork.activations(graph, input, DpqNetwork.EMBEDDING);
        if (mirror) {
            outputs[0].addi(DpqNetwork.embed(graph, DpqNetwork.mirrored(input))).muli(0.5);
        }
        final float[][] embeddings = outputs[0].toFloatMatrix();
        final int[] classes = classifies ? outputs[1].argMax(1).toIntVector() : new int[rows.size()];
        final List<EmbeddedRow> embedded = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            embedded.add(new EmbeddedRow(
                    rows.get(i).key(),
                    embeddings[i],
                    Arrays.binarySearch(rows.get(i).labels(), classes[i]) >= 0));
        }
        return embedded;
    }
}
