package io.dpq.lake;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSDataInputStream;

/**
 * Matrices of float32, a vector a row: NumPy's {@code .npy} (versions 1 and 2 of numpy.lib.format, C order, [N, D]) and the
 * {@code .fvecs} of the TEXMEX data sets (each row led by its length as int32). A row's id is its file and its number.
 */
final class MatrixFormat implements RecordFormat {
    private static final long serialVersionUID = 1L;
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    /** Of a row's number in its id, at least. */
    private static final int DIGITS = 9;

    private static final int MOST_HEADER_BYTES = 1 << 16;
    private static final long BYTES_IN_PART = 16L << 20;
    private static final Pattern NPY = Pattern.compile("'descr'\\s*:\\s*'<f4'.*'fortran_order'\\s*:\\s*False.*"
            + "'shape'\\s*:\\s*\\(\\s*(\\d{1,18})\\s*,\\s*(\\d{1,9})\\s*,?\\s*\\)");

    @Override
    public String names() {
        return ".npy or .fvecs";
    }

    @Override
    public boolean accepts(final String path) {
        return path.endsWith(".npy") || path.endsWith(".fvecs");
    }

    @Override
    public boolean seekable() {
        return true;
    }

    /** Where rows lie: the first one's offset, the bytes from row to row, those that lead a row, and the row's own. */
    private record Layout(long first, long stride, int lead, int length, long rows) {
        long rowsInPart() {
            return Math.max(1, BYTES_IN_PART / stride);
        }
    }

    private static Layout layout(final LakeRoot root, final String path) throws IOException {
        final long length = root.fileSystem().getFileStatus(root.below(path)).getLen();
        try (FSDataInputStream in = root.open(path)) {
            return path.endsWith(".npy") ? npy(in, length) : fvecs(in, length);
        }
    }

    private static Layout npy(final FSDataInputStream in, final long length) throws IOException {
        final byte[] magic = in.readNBytes(MAGIC.length);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new IOException("it is no NumPy file");
        }
        final int version = in.readUnsignedByte();
        in.readUnsignedByte();
        final long headerLength = version == 1
                ? Short.toUnsignedInt(Short.reverseBytes(in.readShort()))
                : Integer.toUnsignedLong(Integer.reverseBytes(in.readInt()));
        if (version < 1 || version > 3 || headerLength > MOST_HEADER_BYTES) {
            throw new IOException(
                    "its NumPy header of version " + version + " and " + headerLength + " bytes is none that is known");
        }
        final String header = new String(in.readNBytes((int) headerLength), StandardCharsets.ISO_8859_1);
        final Matcher matcher = NPY.matcher(header);
        if (!matcher.find()) {
            throw new IOException("it must be a float32 matrix in C order, but its header says " + header.strip());
        }
        final long rows = Long.parseLong(matcher.group(1));
        final int bytes = Math.multiplyExact(Integer.parseInt(matcher.group(2)), Float.BYTES);
        if (bytes == 0 || rows > (length - in.getPos()) / bytes || rows * bytes != length - in.getPos()) {
            throw new IOException("its header promises " + rows + " rows of " + bytes + " bytes but "
                    + (length - in.getPos()) + " bytes follow");
        }
        return new Layout(in.getPos(), bytes, 0, bytes, rows);
    }

    private static Layout fvecs(final FSDataInputStream in, final long length) throws IOException {
        if (length == 0) {
            return new Layout(0, 1, 0, 0, 0);
        }
        final int dimensions = Integer.reverseBytes(in.readInt());
        final long stride = Integer.BYTES + (long) Float.BYTES * dimensions;
        if (dimensions < 1 || stride > Integer.MAX_VALUE || length % stride != 0) {
            throw new IOException(
                    "its first row promises " + dimensions + " values, which does not fit its " + length + " bytes");
        }
        return new Layout(0, stride, Integer.BYTES, (int) stride - Integer.BYTES, length / stride);
    }

    @Override
    public boolean listsCheaply() {
        return true;
    }

    @Override
    public List<Long> parts(final LakeRoot root, final String path) throws IOException {
        final Layout layout = layout(root, path);
        final List<Long> parts = new ArrayList<>();
        for (long row = 0; row < layout.rows(); row += layout.rowsInPart()) {
            parts.add(row);
        }
        return parts;
    }

    @Override
    public boolean numbersRecords(final String path) {
        return true;
    }

    /** Ids are numbers, so that the layout tells all. */
    @Override
    public Summary summary(final LakeRoot root, final String path, final long part) throws IOException {
        final Layout layout = layout(root, path);
        final long rows = Math.max(0, Math.min(layout.rows(), part + layout.rowsInPart()) - part);
        return new Summary(rows, rows * layout.length(), Summary.mark(layout.toString()));
    }

    @Override
    public Summary summary(final LakeRoot root, final String path, final long part, final List<Listed> listed)
            throws IOException {
        return summary(root, path, part);
    }

    @Override
    public List<Listed> list(final LakeRoot root, final String path, final long part) throws IOException {
        final Layout layout = layout(root, path);
        final long end = Math.min(layout.rows(), part + layout.rowsInPart());
        final List<Listed> listed = new ArrayList<>();
        for (long row = part; row < end; row++) {
            final String number = Long.toString(row);
            listed.add(new Listed(
                    // Of billions of rows: a format string would take as long as the rest.
                    path + "/" + "0".repeat(Math.max(0, DIGITS - number.length())) + number,
                    List.of(),
                    layout.length(),
                    layout.first() + row * layout.stride() + layout.lead(),
                    null));
        }
        return listed;
    }

    @Override
    public Contents open(final LakeRoot root, final String path, final long part) throws IOException {
        return new StretchContents(root.open(path), false);
    }

    @Override
    public Contents openToPass(final LakeRoot root, final String path, final long part) throws IOException {
        return new StretchContents(root.open(path), true);
    }
}
