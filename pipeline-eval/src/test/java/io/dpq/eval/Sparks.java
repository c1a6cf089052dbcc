package io.dpq.eval;

import org.apache.spark.sql.SparkSession;

/** A small session for tests. */
final class Sparks {
    private Sparks() {}

    static SparkSession local() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("test")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "3")
                .config("spark.sql.session.timeZone", "UTC")
                .getOrCreate();
    }
}
