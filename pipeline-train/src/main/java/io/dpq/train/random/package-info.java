/** Random choices that depend on the seed and nothing else. */
@NullMarked
package io.dpq.train.random;

import org.jspecify.annotations.NullMarked;
