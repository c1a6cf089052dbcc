package io.dpq.codes;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The code table: Parquet under {@code run=<id>/}, quarantine under {@code _quarantine/run=<id>/}, manifests under {@code
 * _runs/<id>.json}. Only runs with a manifest are read.
 */
public final class CodeTable {
    /** The table at {@code root}, any Hadoop path; nothing is read yet. */
    public CodeTable(final String root, final Configuration hadoop) {
        throw new UnsupportedOperationException();
    }

    /** Manifests of all complete runs, oldest first. A missing table is a UserException that names encode as the remedy. */
    public List<RunManifest> runs() {
        throw new UnsupportedOperationException();
    }

    /**
     * Rows {@code id STRING, labels ARRAY<STRING>, level_1 … level_<levels> SMALLINT} of all complete runs; only these
     * columns are read. Codes of another model are refused by a UserException.
     */
    public Dataset<Row> read(final SparkSession spark, final String modelId, final int levels) {
        throw new UnsupportedOperationException();
    }

    /** The column of a level, counted from 1. */
    public static String column(final int level) {
        return "level_" + level;
    }
}
