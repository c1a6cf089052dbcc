package io.dpq.train.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a training learns from.
 *
 * @param listed images of the lake
 * @param skipped images that could not be decoded, by reason
 * @param examples ids of some of those, for the log
 * @param perClass usable images by class name, in class order; an image with two labels counts twice
 * @param unlabelled usable images without a label, which only the quantizer learns from
 * @param severalLabels whether any image has more than one label
 */
public record DataSummary(
        int listed,
        Map<String, Integer> skipped,
        List<String> examples,
        Map<String, Integer> perClass,
        int unlabelled,
        boolean severalLabels) {
    /** Images that cannot be decoded. */
    public int rejected() {
        return skipped.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Images to learn from. */
    public int usable() {
        return listed - rejected();
    }

    /** For the manifest. */
    public Map<String, Object> provenance() {
        final Map<String, Object> map = new LinkedHashMap<>();
        map.put("images", listed);
        map.put("usable", usable());
        map.put("skipped", skipped);
        map.put("unlabelled", unlabelled);
        map.put("imagesPerClass", perClass);
        return map;
    }
}
