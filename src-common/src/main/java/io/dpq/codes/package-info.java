/** The code table: layout, run manifests, reading. */
@NullMarked
package io.dpq.codes;

import org.jspecify.annotations.NullMarked;
