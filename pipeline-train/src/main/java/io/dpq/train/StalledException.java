package io.dpq.train;

/** A round in which nothing happened for too long, and which was given up. */
final class StalledException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StalledException(final String message) {
        super(message);
    }
}
