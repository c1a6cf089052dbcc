package io.dpq.image;

/** ITU-R BT.601 as in JFIF 1.02, in 16-bit fixed point. */
final class Ycc {
    static final int FIXED = 16;
    static final int HALF = 1 << (FIXED - 1);
    /** The value of Cb and Cr where there is no colour. */
    static final int CENTRE = 128;

    static final int CR_TO_R = 91881;
    static final int CB_TO_G = -22554;
    static final int CR_TO_G = -46802;
    static final int CB_TO_B = 116130;

    private Ycc() {}
}
