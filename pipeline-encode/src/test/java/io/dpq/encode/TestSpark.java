package io.dpq.encode;

import org.apache.spark.sql.SparkSession;

/** A small local session for tests. */
final class TestSpark {
    private TestSpark() {}

    static SparkSession start() {
        return SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .getOrCreate();
    }

    static void stop() {
        SparkSession.active().stop();
    }
}
