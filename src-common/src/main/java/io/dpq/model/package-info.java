/** The model directory: manifest, verification, publication. */
@NullMarked
package io.dpq.model;

import org.jspecify.annotations.NullMarked;
