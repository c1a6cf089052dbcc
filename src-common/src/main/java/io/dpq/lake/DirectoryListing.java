package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** Lists the files of a directory lake on the driver, in the order of their ids. */
final class DirectoryListing {
    /** From this many listed files in one folder, one listing of the folder is cheaper than asking for each. */
    private static final int ASK_EACH = 16;

    private final LakeSettings settings;
    private final FileSystem fs;
    private final Path root;
    private final String prefix;

    private DirectoryListing(final LakeSettings settings, final FileSystem fs, final Path root) {
        this.settings = settings;
        this.fs = fs;
        this.root = root;
        final String path = root.toUri().getPath();
        this.prefix = path.endsWith("/") ? path : path + "/";
    }

    /** The root with its scheme, so that executors need no default file system, and what is below it. */
    record Result(Path root, List<ListedFile> files) {}

    /** What a listing tells of a file. */
    private record Facts(long length, long modified) {
        static Facts of(final FileStatus status) {
            return new Facts(status.getLen(), status.getModificationTime());
        }
    }

    static Result list(final Configuration hadoop, final LakeSettings settings) {
        final String key = settings.section() + ".path";
        try {
            final Path given = new Path(settings.path());
            final FileSystem fs = given.getFileSystem(hadoop);
            final Path root = fs.makeQualified(given);
            if (!fs.getFileStatus(root).isDirectory()) {
                throw UserException.data("The lake " + settings.path() + " is a file; set " + key + " to its folder.");
            }
            final DirectoryListing listing = new DirectoryListing(settings, fs, root);
            final List<ListedFile> files = settings.list().isPresent()
                    ? listing.listed(hadoop, settings.list().get())
                    : listing.all();
            if (files.isEmpty()) {
                throw UserException.data("The lake " + settings.path() + " holds no files; set " + key
                        + " to a folder with images in it or below it.");
            }
            return new Result(root, files);
        } catch (final FileNotFoundException e) {
            throw UserException.data(
                    "The lake " + settings.path() + " does not exist; set " + key + " to a folder of images.", e);
        } catch (final IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The lake " + settings.path() + " cannot be listed (" + e.getMessage() + "); check " + key + ".",
                    e);
        }
    }

    /**
     * Folder by folder rather than by {@code listFiles}: that one asks for owner and permissions, for which the local file
     * system starts a process a file, and it descends into hidden folders.
     */
    private List<ListedFile> all() throws IOException {
        final List<ListedFile> files = new ArrayList<>();
        final Deque<Path> folders = new ArrayDeque<>(List.of(root));
        while (!folders.isEmpty()) {
            final RemoteIterator<FileStatus> found = fs.listStatusIterator(folders.pop());
            while (found.hasNext()) {
                final FileStatus status = found.next();
                final Path path = status.getPath();
                if (hidden(path.getName())) {
                    continue;
                }
                if (status.isDirectory()) {
                    folders.push(path);
                } else {
                    final String id = path.toUri().getPath().substring(prefix.length());
                    files.add(new ListedFile(id, folderLabel(id), status.getLen(), status.getModificationTime()));
                }
            }
        }
        files.sort(Comparator.comparing(ListedFile::id));
        return files;
    }

    private List<ListedFile> listed(final Configuration hadoop, final String list) throws IOException {
        final Map<String, List<String>> wanted = ListFile.read(hadoop, settings, list);
        final Map<String, List<String>> byFolder = new TreeMap<>();
        for (final String id : wanted.keySet()) {
            byFolder.computeIfAbsent(folder(id), unused -> new ArrayList<>()).add(id);
        }
        final Map<String, Facts> found = new TreeMap<>();
        for (final Map.Entry<String, List<String>> folder : byFolder.entrySet()) {
            if (folder.getValue().size() < ASK_EACH) {
                for (final String id : folder.getValue()) {
                    ask(id, found);
                }
            } else {
                askFolder(folder.getKey(), found);
            }
        }
        final List<ListedFile> files = new ArrayList<>();
        final List<String> missing = new ArrayList<>();
        for (final Map.Entry<String, List<String>> entry : wanted.entrySet()) {
            final String id = entry.getKey();
            final Facts facts = found.get(id);
            if (facts == null) {
                missing.add(id);
            } else {
                final List<String> labels = entry.getValue().isEmpty() ? folderLabel(id) : entry.getValue();
                files.add(new ListedFile(id, labels, facts.length(), facts.modified()));
            }
        }
        if (!missing.isEmpty()) {
            throw UserException.data("The list " + list + " names " + missing.size() + " file"
                    + (missing.size() == 1 ? "" : "s") + " that the lake " + settings.path() + " lacks, the first is "
                    + missing.get(0) + "; correct " + settings.section() + ".list or " + settings.section() + ".path.");
        }
        return files;
    }

    private void ask(final String id, final Map<String, Facts> found) throws IOException {
        try {
            final FileStatus status = fs.getFileStatus(below(root, id));
            if (status.isFile()) {
                found.put(id, Facts.of(status));
            }
        } catch (final FileNotFoundException e) {
            // Stays without facts, which is how a missing file is told below.
            return;
        }
    }

    private void askFolder(final String folder, final Map<String, Facts> found) throws IOException {
        try {
            final RemoteIterator<FileStatus> children =
                    fs.listStatusIterator(folder.isEmpty() ? root : below(root, folder));
            while (children.hasNext()) {
                final FileStatus status = children.next();
                if (status.isFile()) {
                    final String name = status.getPath().getName();
                    found.put(folder.isEmpty() ? name : folder + "/" + name, Facts.of(status));
                }
            }
        } catch (final FileNotFoundException e) {
            // All its files stay without facts.
            return;
        }
    }

    /** The file of an id; built without parsing, because a name may hold a colon. */
    static Path below(final Path root, final String id) {
        return new Path(root, new Path(null, null, id));
    }

    private static boolean hidden(final String name) {
        return name.startsWith("_") || name.startsWith(".");
    }

    private static String folder(final String id) {
        return id.substring(0, Math.max(0, id.lastIndexOf('/')));
    }

    private static List<String> folderLabel(final String id) {
        final String folder = folder(id);
        return folder.isEmpty() ? List.of() : List.of(folder.substring(folder.lastIndexOf('/') + 1));
    }
}
