package io.dpq.lake;

/**
 * Into how many partitions a reading is cut: as many as give each about {@code bytes}, but no fewer than {@code least} and no
 * more than {@code most}, and never more than there are rows.
 *
 * @param bytes of a partition, at least 1
 * @param least partitions wanted; 0 for one a core
 * @param most partitions, at least 1, whatever else is asked
 * @param contentOnly whether bytes are those of content, for copying, and not also what it takes to decode and embed an item
 */
public record Partitions(long bytes, int least, int most, boolean contentOnly) {
    public Partitions {
        if (bytes < 1 || least < 0 || most < 1) {
            throw new IllegalArgumentException("No partitions of " + bytes + " bytes, " + least + " to " + most + ".");
        }
    }

    /** Partitions of about that many bytes, at least one a core. */
    public static Partitions of(final long bytes) {
        return new Partitions(bytes, 0, Integer.MAX_VALUE, false);
    }

    /** Partitions whose content has about that many bytes together. */
    public static Partitions ofContent(final long bytes) {
        return new Partitions(bytes, 0, Integer.MAX_VALUE, true);
    }

    /** That many even partitions, or more where one would have more than {@code mostBytes}. */
    public static Partitions even(final int count, final long mostBytes) {
        return new Partitions(mostBytes, count, Integer.MAX_VALUE, false);
    }

    /** The same with a limit. */
    public Partitions atMost(final int limit) {
        return new Partitions(bytes, least, limit, contentOnly);
    }

    /** How many for {@code rows} that cost {@code total} bytes together. */
    int count(final long total, final long rows, final int cores) {
        final long wanted = Math.max((total + bytes - 1) / bytes, least == 0 ? cores : least);
        return (int) Math.max(1, Math.min(Math.min(wanted, most), rows));
    }
}
