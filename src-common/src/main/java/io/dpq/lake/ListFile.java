package io.dpq.lake;

import io.dpq.config.UserException;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A text file of "path label[,label…]" lines: which files of a lake, and their labels. Paths are relative to the lake's root
 * and hold no white space; the label part may be missing; empty lines and lines that start with '#' say nothing.
 */
final class ListFile {
    private ListFile() {}

    /** The labels of each listed file, by id in id order; no labels where the line names none. */
    static Map<String, List<String>> read(final Configuration hadoop, final LakeSettings settings, final String list) {
        final Map<String, List<String>> entries = new TreeMap<>();
        final Path path = new Path(list);
        try {
            final FileSystem fs = path.getFileSystem(hadoop);
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(fs.open(path), StandardCharsets.UTF_8))) {
                int number = 0;
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    number++;
                    final String text = line.strip();
                    if (!text.isEmpty() && text.charAt(0) != '#') {
                        add(entries, text, list + " line " + number);
                    }
                }
            }
        } catch (final FileNotFoundException e) {
            throw UserException.data(
                    "The list " + list + " does not exist; set " + settings.section()
                            + ".list to a text file of \"path label\" lines or to null.",
                    e);
        } catch (final IOException e) {
            throw UserException.data(
                    "The list " + list + " of " + settings.section() + ".list cannot be read (" + e.getMessage() + ").",
                    e);
        }
        if (entries.isEmpty()) {
            throw UserException.data("The list " + list + " names no files; fill it with \"path label\" lines or set "
                    + settings.section() + ".list to null.");
        }
        return entries;
    }

    private static void add(final Map<String, List<String>> entries, final String text, final String where) {
        final List<String> parts = new ArrayList<>();
        for (final String part : text.split("\\s+", -1)) {
            parts.add(part);
        }
        if (parts.size() > 2) {
            throw UserException.data("Write " + where + " as \"path label[,label…]\": it has " + parts.size()
                    + " parts separated by white space.");
        }
        final String given = parts.get(0);
        final String id = given.startsWith("./") ? given.substring(2) : given;
        final Set<String> labels = new LinkedHashSet<>();
        if (parts.size() == 2) {
            for (final String label : parts.get(1).split(",", -1)) {
                if (label.isEmpty()) {
                    throw UserException.data("Remove the empty label from " + where + ".");
                }
                labels.add(label);
            }
        }
        if (entries.put(id, List.copyOf(labels)) != null) {
            throw UserException.data("Remove " + where + ": it names " + id + " a second time.");
        }
    }
}
