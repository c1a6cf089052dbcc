package io.dpq.train.averaging;

import io.dpq.config.UserException;
import java.util.Arrays;
import org.apache.spark.SparkConf;

/** Refuses, before any data is read, a serializer that would die later with a cryptic error. */
final class SerializerPreflight {
    private static final String REGISTRATOR = "org.nd4j.kryo.Nd4jRegistrator";

    private SerializerPreflight() {}

    /** Kryo cannot carry off-heap arrays without ND4J's registrator; the Java serializer can. */
    static void check(final SparkConf conf) {
        final boolean kryo = conf.get("spark.serializer", "").endsWith("KryoSerializer");
        final boolean registered = Arrays.stream(
                        conf.get("spark.kryo.registrator", "").split(",", -1))
                .map(String::trim)
                .anyMatch(REGISTRATOR::equals);
        if (kryo && !registered) {
            throw UserException.usage("spark.serializer is Kryo, which cannot carry ND4J arrays by itself: add --conf"
                    + " spark.kryo.registrator=" + REGISTRATOR + " or leave spark.serializer unset.");
        }
    }
}
