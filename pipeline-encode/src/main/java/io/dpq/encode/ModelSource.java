package io.dpq.encode;

import io.dpq.network.SharedModel;
import java.io.Serializable;

/** Where a task finds the model in its JVM. Serializable, unlike what it yields. */
@FunctionalInterface
interface ModelSource extends Serializable {
    SharedModel get();
}
