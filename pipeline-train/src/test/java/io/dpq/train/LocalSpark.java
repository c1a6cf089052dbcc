package io.dpq.train;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Real Spark with two tasks at once, in this JVM. */
public final class LocalSpark {
    private LocalSpark() {}

    public static SparkSession session() {
        return SparkSession.builder().config(conf()).getOrCreate();
    }

    public static SparkConf conf() {
        return new SparkConf()
                .setMaster("local[2]")
                .setAppName("test")
                .set("spark.ui.enabled", "false")
                .set("spark.sql.shuffle.partitions", "2")
                .set("spark.driver.host", "127.0.0.1");
    }

    public static JavaSparkContext context(final SparkSession session) {
        return JavaSparkContext.fromSparkContext(session.sparkContext());
    }
}
