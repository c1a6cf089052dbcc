package io.dpq.ranking;

/** What the rank of rows is whose scores are equal. */
public enum Ties {
    /** Every order of the tied rows is equally likely; the value is the expectation. */
    EXPECTED,
    /** Tied rows stand in the order of their ids, compared as UTF-8 bytes. */
    ID
}
