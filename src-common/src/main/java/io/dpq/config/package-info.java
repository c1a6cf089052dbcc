/** Typed, validated HOCON configuration, and the errors a user can mend. */
@NullMarked
package io.dpq.config;

import org.jspecify.annotations.NullMarked;
