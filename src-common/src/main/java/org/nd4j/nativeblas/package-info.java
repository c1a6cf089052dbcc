/** Stands where Deeplearning4j still looks for a class that its native back end has moved. */
@NullMarked
package org.nd4j.nativeblas;

import org.jspecify.annotations.NullMarked;
