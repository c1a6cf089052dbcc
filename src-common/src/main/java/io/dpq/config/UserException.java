package io.dpq.config;

/**
 * A mistake the user can mend. Its message is one sentence that says what to change; it is printed without a stack
 * trace and decides the exit code.
 */
public final class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Whose input is at fault. */
    public enum Fault {
        /** The command line or the configuration: exit code 1. */
        USAGE,
        /** The user's data, paths or stored artefacts: exit code 2. */
        DATA
    }

    private final Fault fault;

    private UserException(final Fault fault, final String message, final Throwable cause) {
        super(message, cause);
        this.fault = fault;
    }

    private UserException(final Fault fault, final String message) {
        super(message);
        this.fault = fault;
    }

    /** A wrong option or configuration value. */
    public static UserException usage(final String message) {
        return new UserException(Fault.USAGE, message);
    }

    /** Data, a path or a stored artefact that cannot be used as it is. */
    public static UserException data(final String message) {
        return new UserException(Fault.DATA, message);
    }

    /** As {@link #data(String)}, keeping the cause for {@code --verbose}. */
    public static UserException data(final String message, final Throwable cause) {
        return new UserException(Fault.DATA, message, cause);
    }

    /** Whose input is at fault. */
    public Fault fault() {
        return fault;
    }
}
