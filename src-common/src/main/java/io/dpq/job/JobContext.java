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
 */
public record JobContext(SparkSession spark, DpqConfig config, PrintStream out) {}
