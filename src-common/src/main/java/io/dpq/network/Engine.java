package io.dpq.network;

/** What computes embeddings. */
public enum Engine {
    /** ONNX Runtime on the exported encoder. */
    ONNX,
    /** Deeplearning4j on the training network itself, several times slower. */
    DL4J
}
