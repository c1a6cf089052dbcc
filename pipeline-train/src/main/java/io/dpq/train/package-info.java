/** Distributed training: a labelled lake in, a model directory out. */
@NullMarked
package io.dpq.train;

import org.jspecify.annotations.NullMarked;
