package io.dpq.train.averaging;

import com.esotericsoftware.kryo.DefaultSerializer;
import com.esotericsoftware.kryo.serializers.JavaSerializer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.spark.api.worker.NetBroadcastTuple;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The network that every worker of a round starts from. Its configuration holds records, which the Kryo that Spark ships cannot
 * write, so that it travels by Java's own serialization whatever Spark uses for the rest.
 */
@DefaultSerializer(JavaSerializer.class)
public final class StartOfRound extends NetBroadcastTuple {
    private static final long serialVersionUID = 1L;

    StartOfRound(
            final ComputationGraphConfiguration configuration,
            final INDArray parameters,
            final @Nullable INDArray updaterState) {
        super(configuration, parameters, updaterState);
    }
}
