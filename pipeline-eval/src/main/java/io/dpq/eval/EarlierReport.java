package io.dpq.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A report made earlier, to set figures against.
 *
 * @param path of its report.json
 * @param report its content
 * @param precisions average precision of its queries at each code length, by id
 */
record EarlierReport(String path, JsonNode report, Map<String, List<Double>> precisions) {
    /** Reads one; what is missing is a UserException that names the key. */
    static EarlierReport read(final String given, final Configuration hadoop) {
        try {
            final Path path = new Path(given);
            final Path json = path.getFileSystem(hadoop).getFileStatus(path).isDirectory()
                    ? new Path(path, ReportFiles.JSON)
                    : path;
            final JsonNode report = new ObjectMapper().readTree(content(json, hadoop));
            if (!Report.KIND.equals(report.path("kind").asText())
                    || report.path("formatVersion").asInt() != Report.VERSION) {
                throw UserException.data("The file " + json + " is no report that this release can compare with; set"
                        + " evaluate.compare to a report.json that evaluate wrote.");
            }
            return new EarlierReport(
                            json.toString(),
                            report,
                            QueryLines.readPrecisions(content(new Path(json.getParent(), ReportFiles.QUERIES), hadoop)))
                    .whole();
        } catch (FileNotFoundException e) {
            throw UserException.data(
                    "There is no earlier report to compare with (" + e.getMessage()
                            + "); set evaluate.compare to a report.json that has its queries.jsonl beside it.",
                    e);
        } catch (IOException | IllegalArgumentException e) {
            throw UserException.data(
                    "The earlier report " + given + " cannot be read (" + e.getMessage()
                            + "); correct evaluate.compare.",
                    e);
        }
    }

    /** Refuses a report whose queries are those of another: a crash may have come between the two files. */
    private EarlierReport whole() {
        final JsonNode levels = report.path("levels");
        for (int level = 0; level < levels.size(); level++) {
            double sum = 0;
            for (final List<Double> each : precisions.values()) {
                sum += each.size() > level ? each.get(level) : Double.NaN;
            }
            if (!(Math.abs(sum / precisions.size()
                            - levels.get(level).path("map").asDouble())
                    < 1e-9)) {
                throw UserException.data(
                        "The queries beside the report " + path
                                + " are not those it was made of; set evaluate.compare to a report that is as evaluate left it.");
            }
        }
        return this;
    }

    private static byte[] content(final Path path, final Configuration hadoop) throws IOException {
        try (InputStream in = path.getFileSystem(hadoop).open(path)) {
            return in.readAllBytes();
        }
    }

    /**
     * Refuses what nothing could be told by, before hours of ranking; and where a gate is to judge, what it cannot judge by.
     *
     * @param ids of the queries now
     * @param bits of each level now
     */
    void requireComparable(
            final Collection<String> ids, final List<Integer> bits, final RetrievalPlan plan, final Settings settings) {
        if (ids.stream().noneMatch(precisions::containsKey)) {
            throw UserException.data("The report " + path
                    + " is of other queries altogether; set evaluate.compare to a report of the same queries.");
        }
        if (bits.stream().noneMatch(length -> levelOf(length) >= 0)) {
            throw UserException.data("The report " + path
                    + " has no code length that this one has; set evaluate.compare to one of codes as long as these.");
        }
        if (settings.maxDrop().isEmpty()) {
            return;
        }
        final int last = bits.get(bits.size() - 1);
        if (levelOf(last) < 0) {
            throw UserException.data("The report " + path + " has no codes of " + last
                    + " bits, which the gate judges by; set evaluate.compare to one that has, or evaluate.levels to those"
                    + " that both have.");
        }
        final List<String> differences = conventions(
                Report.Conventions.of(plan.r(), plan.r() == plan.rows(), settings.ties(), settings.score(), 0));
        if (!differences.isEmpty()) {
            throw UserException.data("The report " + path + " measures something else than the gate judges by: "
                    + String.join(" ", differences).replaceAll("\\.$", "")
                    + "; set evaluate.compare to a report that was made as this one is.");
        }
    }

    /**
     * How figures changed since.
     *
     * @param lines of the queries now
     * @param levels now
     * @param conventions now
     * @param rows of the database now
     * @param maxDrop most that mAP of the last level may fall
     * @return figures of what {@link #requireComparable} lets pass
     */
    Report.Comparison with(
            final List<QueryLines.Line> lines,
            final List<Report.Level> levels,
            final Report.Conventions conventions,
            final long rows,
            final Optional<Double> maxDrop,
            final long seed) {
        final List<QueryLines.Line> shared =
                lines.stream().filter(line -> precisions.containsKey(line.id())).toList();
        final int unmatched = lines.size() + precisions.size() - 2 * shared.size();
        final List<Report.Change> changes = new ArrayList<>();
        for (int level = 0; level < levels.size(); level++) {
            final int before = levelOf(levels.get(level).bits());
            if (before >= 0) {
                changes.add(change(shared, levels.get(level), level, before, seed));
            }
        }
        final boolean passed =
                maxDrop.isEmpty() || changes.get(changes.size() - 1).difference() >= -maxDrop.get();
        return new Report.Comparison(
                path,
                report.path("createdAt").asText(),
                report.path("model").path("id").asText(),
                shared.size(),
                unmatched,
                caveats(levels.size(), conventions, rows, unmatched),
                Bootstrap.RESAMPLES,
                changes,
                maxDrop.orElse(null),
                passed);
    }

    /** The earlier level with codes of that many bits, counted from 0, or −1: levels of other codebooks have other lengths. */
    private int levelOf(final int bits) {
        final JsonNode was = report.path("levels");
        for (int level = 0; level < was.size(); level++) {
            if (was.get(level).path("bits").asInt() == bits) {
                return level;
            }
        }
        return -1;
    }

    private Report.Change change(
            final List<QueryLines.Line> shared,
            final Report.Level now,
            final int level,
            final int levelBefore,
            final long seed) {
        final double[] differences = new double[shared.size()];
        double before = 0;
        double after = 0;
        for (int i = 0; i < differences.length; i++) {
            final double was =
                    Objects.requireNonNull(precisions.get(shared.get(i).id())).get(levelBefore);
            final double is = shared.get(i).ap().get(level);
            before += was;
            after += is;
            differences[i] = is - was;
        }
        final double[] interval = Bootstrap.interval(differences, seed);
        return new Report.Change(
                now.level(),
                now.bits(),
                before / differences.length,
                after / differences.length,
                (after - before) / differences.length,
                interval[0],
                interval[1]);
    }

    private List<String> caveats(final int levels, final Report.Conventions now, final long rows, final int unmatched) {
        final JsonNode was = report.path("conventions");
        final List<String> caveats = new ArrayList<>();
        if (unmatched > 0) {
            caveats.add(unmatched + " queries are in one of the reports alone, and count in neither figure.");
        }
        if (report.path("codes").path("rows").asLong() != rows) {
            caveats.add("The database had " + report.path("codes").path("rows").asLong() + " rows, not " + rows + ".");
        }
        caveats.addAll(conventions(now));
        if (was.path("excludedSelves").asLong() > 0 != now.excludedSelves() > 0) {
            caveats.add(
                    now.excludedSelves() > 0
                            ? "Rows that are the query itself counted then."
                            : "Rows that are the query itself were left out then.");
        }
        if (report.path("levels").size() != levels) {
            caveats.add("It had " + report.path("levels").size() + " levels, not " + levels + ".");
        }
        return caveats;
    }

    /** What is measured in another way, but for rows that are the query itself. */
    private List<String> conventions(final Report.Conventions now) {
        final JsonNode was = report.path("conventions");
        final List<String> caveats = new ArrayList<>();
        if (was.path("wholeDatabase").asBoolean() != now.wholeDatabase()
                || (!now.wholeDatabase() && was.path("r").asLong() != now.r())) {
            caveats.add("R was " + was.path("r").asLong() + ", not " + now.r() + ".");
        }
        if (!was.path("ties").asText().equals(now.ties())) {
            caveats.add("Ties were ranked by the rule " + was.path("ties").asText() + ".");
        }
        if (!was.path("score").asText().equals(now.score())) {
            caveats.add("The score was another: " + was.path("score").asText());
        }
        return caveats;
    }
}
