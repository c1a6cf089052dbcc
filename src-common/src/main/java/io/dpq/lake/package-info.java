/** Image lakes: anything that yields rows of id, content and labels. */
@NullMarked
package io.dpq.lake;

import org.jspecify.annotations.NullMarked;
