/** Evaluation: a model, queries and a code table in, a report out. */
@NullMarked
package io.dpq.eval;

import org.jspecify.annotations.NullMarked;
