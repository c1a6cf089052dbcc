package io.dpq.eval;

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
            levels[i] = new Report.Level(
                    i + 1,
                    8 * (i + 1),
                    map[i],
                    random ? 0.1003 + i * 1e-5 : null,
                    12.5 / (i + 1),
                    0.641 / (i + 1),
                    i,
                    7.91 - i * 0.07);
        }
        return new Report(
                Report.VERSION,
                Report.KIND,
                "2026-11-22T14:30:05.123456Z",
                new Report.Model("3f".repeat(32), modelPath, "squeezenet", 300, 4, 256),
                new Report.Codes(
                        "hdfs:/lake/codes", List.of("20261122T140000Z-00c0ffee", "20261123T020000Z-0badcafe"), 54_000),
                new Report.Queries("hdfs:/lake/query", 1_000, 2, 1, 3, 5_400_123),
                Report.Conventions.of(54_000, true, Ties.EXPECTED),
                List.of(levels),
                seconds,
                Map.of("dpq", "0.1.0", "spark", "3.5.5"),
                config);
    }
}
