package io.dpq.encode;

import org.apache.spark.sql.SparkSession;

/** A small local session for tests. */
final class TestSpark {
    private TestSpark() {}

    static SparkSession start() {
        return start("org.apache.spark.serializer.JavaSerializer");
    }

    /** Kryo is what many clusters set for all their jobs; it writes neither records nor what it cannot construct. */
    static SparkSession kryo() {
        return start("org.apache.spark.serializer.KryoSerializer");
    }

    private static SparkSession start(final String serializer) {
        return SparkSession.builder()
                .master("local[2]")
                .config("spark.serializer", serializer)
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .getOrCreate();
    }

    static void stop() {
        SparkSession.active().stop();
    }
}
