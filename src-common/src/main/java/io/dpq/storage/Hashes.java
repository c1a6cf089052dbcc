package io.dpq.storage;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256. Stateless. */
public final class Hashes {
    private Hashes() {}

    /** Writes what is to be hashed. */
    @FunctionalInterface
    public interface Writer {
        /** Writes all of it. */
        void write(DataOutputStream out) throws IOException;
    }

    /** Lower-case hexadecimal, of all that a digest was given. */
    public static String hex(final MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Lower-case hexadecimal, of a content. */
    public static String of(final byte[] content) {
        return of(out -> out.write(content));
    }

    /** Lower-case hexadecimal, of what is written; nothing of it is kept in memory. */
    public static String of(final Writer writer) {
        final MessageDigest digest = sha256();
        try (DataOutputStream out =
                new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), digest))) {
            writer.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return hex(digest);
    }

    /** The first eight bytes. */
    public static long first(final byte[] content) {
        return ByteBuffer.wrap(sha256().digest(content)).getLong();
    }

    /** A fresh digest. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }
}
