package io.dpq.train;

/** Names of the stages, as logs, metrics and checkpoints have them. */
final class Stage {
    /** Without the quantization terms. */
    static final String SEMANTIC = "semantic";
    /** With all terms. */
    static final String JOINT = "joint";

    /** Of a validation of codebooks that were fitted to the network as it ended; they may be taken back. */
    static final String REFITTED = "refitted";

    private Stage() {}
}
