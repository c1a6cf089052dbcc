/** From stored bytes to network input under a versioned decode contract. No Spark, no Deeplearning4j. */
@NullMarked
package io.dpq.image;

import org.jspecify.annotations.NullMarked;
