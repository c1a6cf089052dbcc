/** Rankings with ties and their average precision: pure arithmetic, shared by evaluation and by validation while training. */
@NullMarked
package io.dpq.ranking;

import org.jspecify.annotations.NullMarked;
