package io.dpq.lake;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.hadoop.fs.FSDataInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Tar shards in the convention of the webdataset library: members that follow one another and share a name up to the first dot
 * of its last part make a sample, and what follows that dot says what a member is. A sample's image is its first member with
 * an image's extension; its labels come from the first kind of label member, in the configured order, that it has.
 *
 * <p>The listing passes through a shard header by header, skipping what lies between; contents are then read where they lie, so
 * that no shard is ever held.
 */
final class WebDatasetFormat implements RecordFormat {
    private static final long serialVersionUID = 1L;
    private static final Set<String> IMAGES = Set.of("jpg", "jpeg", "png", "gif", "bmp", "webp", "tif", "tiff");
    private static final int BLOCK = 512;
    /** A label member longer than this is none. */
    private static final int MOST_LABEL_BYTES = 1 << 20;

    private final ArrayList<String> labelMembers;
    private final String labelField;

    /**
     * Shards with labels in some of their members.
     *
     * @param labelMembers of cls, txt and json, the preferred one first
     * @param labelField of a JSON member
     */
    WebDatasetFormat(final List<String> labelMembers, final String labelField) {
        this.labelMembers = new ArrayList<>(labelMembers);
        this.labelField = labelField;
    }

    @Override
    public String names() {
        return ".tar";
    }

    @Override
    public boolean accepts(final String path) {
        return path.endsWith(".tar");
    }

    @Override
    public boolean seekable() {
        return true;
    }

    @Override
    public List<Long> parts(final LakeRoot root, final String path) {
        return List.of(0L);
    }

    @Override
    public Contents open(final LakeRoot root, final String path, final long part) throws IOException {
        return new StretchContents(root.open(path), false);
    }

    @Override
    public List<Listed> list(final LakeRoot root, final String path, final long part) throws IOException {
        final long length = root.fileSystem().getFileStatus(root.below(path)).getLen();
        final List<Listed> listed = new ArrayList<>();
        Sample sample = new Sample("");
        requireEnd(root, path, length);
        try (FSDataInputStream in = root.open(path);
                TarArchiveInputStream tar = new TarArchiveInputStream(in, StandardCharsets.UTF_8.name())) {
            for (TarArchiveEntry member = tar.getNextTarEntry(); member != null; member = tar.getNextTarEntry()) {
                final String name = member.getName().replaceFirst("^(\\./)+", "");
                final int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
                if (!member.isFile() || dot <= name.lastIndexOf('/') + 1) {
                    continue;
                }
                if (in.getPos() + member.getSize() > length) {
                    throw new IOException("it ends within its member " + name);
                }
                final String key = name.substring(0, dot);
                if (!key.equals(sample.key)) {
                    sample.close(path, listed);
                    sample = new Sample(key);
                }
                final String kind = name.substring(dot + 1).toLowerCase(Locale.ROOT);
                if (IMAGES.contains(kind)) {
                    sample.image(in.getPos(), member.getSize(), member.isSparse());
                } else if (labelMembers.contains(kind) && member.getSize() <= MOST_LABEL_BYTES) {
                    sample.labels.put(kind, tar.readNBytes(MOST_LABEL_BYTES));
                }
            }
            sample.close(path, listed);
        }
        return listed;
    }

    /** A shard that was cut off between two members would else pass for a whole one. */
    private static void requireEnd(final LakeRoot root, final String path, final long length) throws IOException {
        final byte[] last = new byte[BLOCK];
        if (length >= 2 * BLOCK && length % BLOCK == 0) {
            try (FSDataInputStream in = root.open(path)) {
                in.readFully(length - BLOCK, last);
            }
        } else {
            last[0] = 1;
        }
        if (!Arrays.equals(last, new byte[BLOCK])) {
            throw new IOException("it lacks the empty blocks that end a tar file");
        }
    }

    /** A sample while its members pass by. */
    private final class Sample {
        private final String key;
        private final Map<String, byte[]> labels = new HashMap<>();
        private long place = -1;
        private long length;
        private boolean sparse;

        Sample(final String key) {
            this.key = key;
        }

        void image(final long at, final long bytes, final boolean isSparse) {
            if (place < 0) {
                place = at;
                length = bytes;
                sparse = isSparse;
            }
        }

        void close(final String path, final List<Listed> listed) {
            if (key.isEmpty()) {
                return;
            }
            @Nullable
            String error = place < 0
                    ? "The sample has no member " + IMAGES.stream().sorted().toList()
                    : null;
            if (sparse) {
                error = "The member is a sparse file, whose bytes do not lie in one piece";
            }
            List<String> names = List.of();
            try {
                names = names();
            } catch (final IOException e) {
                error = "The sample's label cannot be read: " + e.getMessage();
            }
            // The shard's name belongs to the id, since keys may repeat from shard to shard.
            listed.add(new Listed(path + "/" + key, names, length, Math.max(0, place), error));
        }

        private List<String> names() throws IOException {
            for (final String kind : labelMembers) {
                final byte[] text = labels.get(kind);
                if (text != null) {
                    return kind.equals("json")
                            ? LabelText.json(text, labelField)
                            : LabelText.plain(new String(text, StandardCharsets.UTF_8));
                }
            }
            return List.of();
        }
    }
}
