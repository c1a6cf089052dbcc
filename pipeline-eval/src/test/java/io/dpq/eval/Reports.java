package io.dpq.eval;

import io.dpq.ranking.Score;
import io.dpq.ranking.Ties;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reports for tests. */
final class Reports {
    private Reports() {}

    static Report report(final String modelPath, final boolean random) {
        final Map<String, Object> config = new TreeMap<>();
        config.put("evaluate.r", 0);
        config.put("evaluate.random-baseline", random);
        config.put("evaluate.ties", "expected");
        config.put("image.mean", Arrays.asList(123, 117.5, 104));
        config.put("labels.embeddings", null);
        final Map<String, Double> seconds = new LinkedHashMap<>();
        seconds.put("open", 0.412);
        seconds.put("embedQueries", 9.2);
        seconds.put("rank", 14.75);
        final double[] map = {0.4402, 0.4451, 0.4493, 0.4519};
        final Report.Level[] levels = new Report.Level[4];
        for (int i = 0; i < 4; i++) {
            final Report.Curves curves = new Report.Curves(
                    List.of(0.9, 0.88, 0.84, 0.8, 0.74 + i * 0.01, 0.4),
                    List.of(1e-4, 2e-4, 5e-4, 1e-3, 0.02, 1.0),
                    List.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3, 0.25, 0.2, 0.1));
            levels[i] = new Report.Level(
                    i + 1,
                    8 * (i + 1),
                    map[i],
                    random ? 0.1003 + i * 1e-5 : null,
                    12.5 / (i + 1),
                    0.641 / (i + 1),
                    i,
                    7.91 - i * 0.07,
                    0.71 + i * 0.01,
                    random ? 0.43 + i * 0.003 : null,
                    curves,
                    random ? new Report.Ranked(0.43 + i * 0.003, 0.7 + i * 0.01, curves) : null);
        }
        return new Report(
                Report.VERSION,
                Report.KIND,
                "2026-11-22T14:30:05.123456Z",
                new Report.Model("3f".repeat(32), modelPath, "squeezenet", 300, 4, 256),
                new Report.Codes(
                        "hdfs:/lake/codes", List.of("20261122T140000Z-00c0ffee", "20261123T020000Z-0badcafe"), 54_000),
                new Report.Queries("hdfs:/lake/query", 1_000, 2, 1, 3, 5_400_123),
                Report.Conventions.of(54_000, true, Ties.EXPECTED, Score.INNER_PRODUCT, 0),
                List.of(levels),
                seconds,
                Map.of("dpq", "0.1.0", "spark", "3.5.5"),
                config,
                List.of(1L, 2L, 5L, 10L, 100L, 54_000L),
                random ? new Report.Ranked(0.4571, 0.81, levels[3].curves()) : null,
                random
                        ? List.of(
                                new Report.Baseline("pq", 1, 8, 0.31, 0.6, 0.7),
                                new Report.Baseline("pq", 2, 16, 0.35, 0.62, 0.6),
                                new Report.Baseline("itq", 1, 8, 0.22, 0.5, null))
                        : List.of(),
                List.of(
                        new Report.LabelFigures("cat", 600, List.of(0.3, 0.31, 0.32, 0.33)),
                        new Report.LabelFigures("dog <b>", 400, List.of(0.5, 0.51, 0.52, 0.53))),
                random
                        ? new Report.Comparison(
                                "/old/report.json",
                                "2026-11-20T10:00:00Z",
                                "ab".repeat(32),
                                998,
                                4,
                                List.of("The database had 50000 rows, not 54000."),
                                2000,
                                List.of(
                                        new Report.Change(1, 8, 0.45, 0.4402, -0.0098, -0.012, -0.004),
                                        new Report.Change(2, 16, 0.44, 0.4451, 0.0051, -0.001, 0.011)),
                                0.01,
                                true)
                        : null);
    }
}
