/** Pure arithmetic of residual quantization: codebooks, codes, lookup tables. No Spark, no Deeplearning4j. */
@NullMarked
package io.dpq.quantizer;

import org.jspecify.annotations.NullMarked;
