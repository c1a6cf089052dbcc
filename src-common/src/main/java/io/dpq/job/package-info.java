/** The frame every Spark job runs in: command line, exit codes, dry run, resources. */
@NullMarked
package io.dpq.job;

import org.jspecify.annotations.NullMarked;
