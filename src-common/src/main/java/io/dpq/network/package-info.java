/** The DPQ network in Deeplearning4j: backbones, quantization blocks, losses, export. No Spark. */
@NullMarked
package io.dpq.network;

import org.jspecify.annotations.NullMarked;
