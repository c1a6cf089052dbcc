/** What Hadoop file systems differ in and jobs must know. */
@NullMarked
package io.dpq.storage;

import org.jspecify.annotations.NullMarked;
