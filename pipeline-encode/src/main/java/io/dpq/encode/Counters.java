package io.dpq.encode;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;

/**
 * What the encoding tasks count, as accumulators with names that Spark's UI shows. Spark adds those of one attempt a partition,
 * so that retried and speculative tasks count once.
 *
 * @param decoded images decoded
 * @param encoded images encoded
 * @param quarantined images refused
 * @param bytes of images read
 * @param decodeMicros microseconds that threads decoded
 * @param networkMicros microseconds that batches were in the network and the quantizer
 */
record Counters(
        LongAccumulator decoded,
        LongAccumulator encoded,
        LongAccumulator quarantined,
        LongAccumulator bytes,
        LongAccumulator decodeMicros,
        LongAccumulator networkMicros)
        implements Serializable {
    private static final long serialVersionUID = 1L;

    static Counters register(final SparkContext spark) {
        return new Counters(
                spark.longAccumulator("dpq.encode.decoded"),
                spark.longAccumulator("dpq.encode.encoded"),
                spark.longAccumulator("dpq.encode.quarantined"),
                spark.longAccumulator("dpq.encode.bytes"),
                spark.longAccumulator("dpq.encode.decode-micros"),
                spark.longAccumulator("dpq.encode.network-micros"));
    }

    /** For the manifest: images, bytes and milliseconds, by name. */
    Map<String, Long> metrics() {
        return new TreeMap<>(Map.of(
                "imagesDecoded", decoded.sum(),
                "imagesEncoded", encoded.sum(),
                "imagesQuarantined", quarantined.sum(),
                "bytesRead", bytes.sum(),
                "decodeMillis", decodeMicros.sum() / 1000,
                "networkMillis", networkMicros.sum() / 1000));
    }
}
