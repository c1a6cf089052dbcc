package io.dpq.eval;

import org.apache.spark.sql.SparkSession;

/** A small session for tests. */
final class Sparks {
    private Sparks() {}

    static SparkSession local() {
        return local("org.apache.spark.serializer.JavaSerializer");
    }

    /** With the serializer that many sites make the default, and that can write neither records nor read immutable lists. */
    static SparkSession kryo() {
        return local("org.apache.spark.serializer.KryoSerializer");
    }

    private static SparkSession local(final String serializer) {
        return SparkSession.builder()
                .config("spark.serializer", serializer)
                .master("local[2]")
                .appName("test")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "3")
                .config("spark.sql.session.timeZone", "UTC")
                .getOrCreate();
    }
}
