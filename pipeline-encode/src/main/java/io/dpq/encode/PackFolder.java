package io.dpq.encode;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dpq.config.UserException;
import io.dpq.storage.AtomicRename;
import io.dpq.storage.WriteLock;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Where packed files go. Where folders can be renamed, they are gathered in a folder beside the output, which then appears
 * whole; elsewhere they are written in place, and a file {@code _PACKING} tells lakes to leave the folder alone until all are
 * there. Last in either case comes {@code _pack.json}.
 */
final class PackFolder {
    /** A folder with this file is being packed; {@code io.dpq.lake} refuses it. */
    static final String PACKING = "_PACKING";

    static final String MANIFEST = "_pack.json";
    private static final Pattern PART = Pattern.compile("part-(\\d{5,9})\\.parquet");

    private final FileSystem files;
    private final Path output;
    private final String given;
    private final boolean renames;

    private PackFolder(final FileSystem files, final Path output, final String given) {
        this.files = files;
        this.output = output;
        this.given = given;
        this.renames = AtomicRename.isOfferedBy(files);
    }

    /**
     * What files hold.
     *
     * @param rows images
     * @param files that hold them
     * @param rowGroups in these files
     */
    record Packed(long rows, int files, long rowGroups) implements Serializable {
        /** Of both together. */
        Packed plus(final Packed other) {
            return new Packed(rows + other.rows, files + other.files, rowGroups + other.rowGroups);
        }
    }

    static PackFolder at(final String output, final Configuration hadoop) {
        try {
            final Path path = new Path(output);
            final FileSystem files = path.getFileSystem(hadoop);
            final Path whole = files.makeQualified(path);
            if (whole.getParent() == null) {
                throw UserException.data(
                        "The folder " + output + " is the root of its store; set pack.output to a folder below it.");
            }
            return new PackFolder(files, whole, output);
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The folder " + output + " cannot be reached (" + e.getMessage() + "); correct pack.output.", e);
        }
    }

    /** Refuses a folder with anything in it that this job did not write. */
    void requireWritable() throws IOException {
        try {
            if (files.getFileStatus(output).isDirectory()
                    && (files.listStatus(output).length == 0
                            || files.exists(new Path(output, MANIFEST))
                            || files.exists(new Path(output, PACKING)))) {
                return;
            }
            throw UserException.data(
                    "The path " + given + " holds something else; set pack.output to a folder that does not exist.");
        } catch (FileNotFoundException e) {
            // The usual case: it does not exist yet.
            return;
        }
    }

    /** Whether the output is there, and of this lake; of another one it is refused. */
    boolean isComplete(final String fingerprint) throws IOException {
        final Path manifest = new Path(output, MANIFEST);
        if (!files.exists(manifest)) {
            return false;
        }
        if (fingerprint(manifest).equals(fingerprint)) {
            // Left where a job ended between its last two steps; lakes would refuse a folder that is whole.
            files.delete(new Path(output, PACKING), false);
            return true;
        }
        throw UserException.data("The folder " + given + " holds another lake, or this one as it was or cut in another"
                + " way; set pack.output to a folder that does not exist.");
    }

    /** Where the files are written: not the output itself where that can be renamed into being. */
    Path parts() {
        return renames ? new Path(output.getParent(), "_" + output.getName() + ".packing") : output;
    }

    /** Keeps other packs of the same output away; beside it, since the output must not be there before it is whole. */
    WriteLock lock() {
        final Path lock = new Path(output.getParent(), "_" + output.getName() + ".packing.lock");
        try {
            return WriteLock.take(
                    files,
                    lock,
                    "pack into " + given,
                    holder -> UserException.data("Another job, " + holder + ", writes " + given
                            + " now; wait until it is done, or delete " + lock
                            + " if you know that it is not running."));
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    private UserException cannotWrite(final IOException e) {
        return UserException.data(
                "The folder " + given + " cannot be written (" + e.getMessage()
                        + "); set pack.output to a folder that can be made.",
                e);
    }

    /** Makes the folder ready and tells which files an earlier attempt at the same lake has left whole. */
    Set<Integer> begin(final String fingerprint) throws IOException {
        final Path marker = new Path(parts(), PACKING);
        if (files.exists(parts()) && !begun(marker).equals(fingerprint)) {
            files.delete(parts(), true);
        }
        final Set<Integer> written = new HashSet<>();
        try {
            files.mkdirs(parts());
            if (!files.exists(marker)) {
                try (OutputStream out = files.create(marker, true)) {
                    out.write(fingerprint.getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            throw cannotWrite(e);
        }
        for (final FileStatus status : files.listStatus(parts())) {
            final Matcher part = PART.matcher(status.getPath().getName());
            if (part.matches()) {
                written.add(Integer.valueOf(part.group(1)));
            } else if (!status.getPath().getName().equals(PACKING)) {
                files.delete(status.getPath(), true);
            }
        }
        return written;
    }

    /** Of which lake the files are; one that was killed before its last step has a manifest in the place of the marker. */
    private String begun(final Path marker) throws IOException {
        final Path manifest = new Path(parts(), MANIFEST);
        return files.exists(marker) ? read(marker) : files.exists(manifest) ? fingerprint(manifest) : "";
    }

    private String fingerprint(final Path manifest) throws IOException {
        try (InputStream in = files.open(manifest)) {
            return new ObjectMapper().readTree(in).path("fingerprint").asText();
        }
    }

    private String read(final Path file) throws IOException {
        try (InputStream in = files.open(file)) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /**
     * Makes the output visible.
     *
     * @param written what the files hold
     * @param rows what was listed
     * @throws IllegalStateException where the files do not hold what was listed; nothing is published then
     */
    Packed publish(final String fingerprint, final Packed written, final long rows) throws IOException {
        if (written.rows() != rows) {
            throw new IllegalStateException(
                    "The packed files hold " + written.rows() + " rows, but " + rows + " images were listed.");
        }
        final Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("fingerprint", fingerprint);
        manifest.put("rows", rows);
        manifest.put("files", written.files());
        manifest.put("rowGroups", written.rowGroups());
        try (OutputStream out = files.create(new Path(parts(), MANIFEST), true)) {
            out.write(new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsBytes(manifest));
        }
        files.delete(new Path(parts(), PACKING), false);
        if (renames) {
            // An empty folder may have been given; into one that is there, HDFS would move the other.
            if (files.exists(output) && (files.listStatus(output).length > 0 || !files.delete(output, false))) {
                throw UserException.data(
                        "The folder " + given
                                + " was filled while this job was at work, so nothing was published; set pack.output to another.");
            }
            if (!files.rename(parts(), output)) {
                throw new IOException("Cannot rename " + parts() + " to " + output);
            }
        }
        return written;
    }
}
