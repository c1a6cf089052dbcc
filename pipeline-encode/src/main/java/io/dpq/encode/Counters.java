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
 * @param decodeNanos nanoseconds that threads decoded
 * @param networkNanos nanoseconds that batches were in the network and the quantizer
 * @param progress what of it a person asks for
 */
record Counters(
        LongAccumulator decoded,
        LongAccumulator encoded,
        LongAccumulator quarantined,
        LongAccumulator bytes,
        LongAccumulator decodeNanos,
        LongAccumulator networkNanos,
        ShownProgress progress)
        implements Serializable {
    private static final long serialVersionUID = 1L;

    /**
     * Of a job.
     *
     * @param images that it is to encode
     */
    static Counters register(final SparkContext spark, final long images) {
        final ShownProgress progress = new ShownProgress(images);
        spark.register(progress, "dpq.encode.progress");
        return new Counters(
                spark.longAccumulator("dpq.encode.decoded"),
                spark.longAccumulator("dpq.encode.encoded"),
                spark.longAccumulator("dpq.encode.quarantined"),
                spark.longAccumulator("dpq.encode.bytes"),
                spark.longAccumulator("dpq.encode.decode-nanos"),
                spark.longAccumulator("dpq.encode.network-nanos"),
                progress);
    }

    /** Counts images that are done. */
    void done(final long of, final long refused) {
        encoded.add(of - refused);
        quarantined.add(refused);
        progress.add(new ShownProgress.Images(of - refused, refused));
    }

    /** For the manifest: images, bytes and milliseconds, by name. */
    Map<String, Long> metrics() {
        return new TreeMap<>(Map.of(
                "imagesDecoded", decoded.sum(),
                "imagesEncoded", encoded.sum(),
                "imagesQuarantined", quarantined.sum(),
                "bytesRead", bytes.sum(),
                "decodeMillis", decodeNanos.sum() / 1_000_000,
                "networkMillis", networkNanos.sum() / 1_000_000));
    }
}
