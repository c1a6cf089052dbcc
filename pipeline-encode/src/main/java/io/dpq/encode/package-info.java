/** Batch encoding: a lake and a model in, a code table out. */
@NullMarked
package io.dpq.encode;

import org.jspecify.annotations.NullMarked;
