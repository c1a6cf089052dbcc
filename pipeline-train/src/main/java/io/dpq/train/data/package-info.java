/** Training images: how they are read and checked, numbered, dealt to workers epoch by epoch, and made into batches. */
@NullMarked
package io.dpq.train.data;

import org.jspecify.annotations.NullMarked;
