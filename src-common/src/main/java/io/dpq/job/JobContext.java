package io.dpq.job;

import io.dpq.config.DpqConfig;
import java.io.PrintStream;
import org.apache.spark.sql.SparkSession;

/**
 * What a running job is given.
 *
 * @param spark the session
 * @param config the checked configuration
 * @param out where progress and results for a person go; logs go to the logger
 * @param resume whether the job is to go on where an interrupted run of it ended
 */
public record JobContext(SparkSession spark, DpqConfig config, PrintStream out, boolean resume) {
    /** A run from the beginning. */
    public JobContext(final SparkSession spark, final DpqConfig config, final PrintStream out) {
        this(spark, config, out, false);
    }
}
