/** Distributed training behind one interface, {@link io.dpq.train.averaging.DistributedTrainer}; all that touches dl4j-spark. */
@NullMarked
package io.dpq.train.averaging;

import org.jspecify.annotations.NullMarked;
