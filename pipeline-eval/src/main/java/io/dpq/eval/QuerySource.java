package io.dpq.eval;

/** What the queries of an evaluation are. */
enum QuerySource {
    /** Items of a lake, which the model embeds. */
    LAKE,
    /** A lake of vectors that are embeddings already. */
    EMBEDDINGS,
    /** Rows of a code table that has embeddings. */
    CODES
}
