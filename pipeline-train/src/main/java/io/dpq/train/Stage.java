package io.dpq.train;

/** Names of the two stages, as logs, metrics and checkpoints have them. */
final class Stage {
    /** Without the quantization terms. */
    static final String SEMANTIC = "semantic";
    /** With all terms. */
    static final String JOINT = "joint";

    private Stage() {}
}
