package io.dpq.encode;

import io.dpq.codes.CodeSchema.Extra;
import io.dpq.codes.CodeTable;
import io.dpq.codes.RunManifest;
import io.dpq.config.DpqConfig;
import io.dpq.config.UserException;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The columns of {@code encode.columns}. Readers get those that all runs of a table have, so that one run without a column would
 * take it from every row. Stateless.
 */
final class Extras {
    private static final String KEYS = "encode.columns.";

    private Extras() {}

    static Set<Extra> configured(final DpqConfig config) {
        final Set<Extra> extras = EnumSet.noneOf(Extra.class);
        for (final Extra extra : Extra.values()) {
            if (config.bool(key(extra))) {
                extras.add(extra);
            }
        }
        return extras;
    }

    /** Refuses a run whose columns are not those of the table. */
    static void requireSame(final CodeTable table, final Set<Extra> configured) {
        final List<RunManifest> runs = table.completeRuns();
        if (runs.stream().allMatch(run -> run.files().isEmpty())) {
            return;
        }
        final Set<Extra> there = table.extras(runs);
        if (!there.equals(configured)) {
            throw UserException.usage("The code table at " + table.root() + " has " + columns(there)
                    + " beside its codes and this run would write " + columns(configured)
                    + ", so that one of them would be lost; set "
                    + EnumSet.allOf(Extra.class).stream()
                            .filter(extra -> there.contains(extra) != configured.contains(extra))
                            .map(extra -> key(extra) + "=" + there.contains(extra))
                            .collect(Collectors.joining(" and "))
                    + ", or codes.path to another table.");
        }
    }

    /**
     * Tells which columns some runs have and not all, which a merger of the runs loses.
     *
     * @throws UserException where the configuration asks for one of them
     */
    static Set<Extra> lost(final CodeTable table, final List<RunManifest> runs, final Set<Extra> configured) {
        final Set<Extra> lost = EnumSet.noneOf(Extra.class);
        for (final RunManifest run : runs) {
            lost.addAll(table.extras(List.of(run)));
        }
        lost.removeAll(table.extras(runs));
        final Set<Extra> wanted = EnumSet.noneOf(Extra.class);
        wanted.addAll(lost);
        wanted.retainAll(configured);
        if (!wanted.isEmpty()) {
            throw UserException.usage("Not all runs of the code table at " + table.root() + " have " + columns(wanted)
                    + ", so that the table would lose them; set "
                    + wanted.stream().map(extra -> key(extra) + "=false").collect(Collectors.joining(" and "))
                    + " to let them go, or encode into another table.");
        }
        return lost;
    }

    /** In words. */
    static String columns(final Collection<Extra> extras) {
        return extras.isEmpty()
                ? "no column"
                : extras.stream().map(DpqConfig::kebab).collect(Collectors.joining(", ", "the columns of ", ""));
    }

    private static String key(final Extra extra) {
        return KEYS + DpqConfig.kebab(extra);
    }
}
