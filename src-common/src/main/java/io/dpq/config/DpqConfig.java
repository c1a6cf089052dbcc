package io.dpq.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The resolved configuration of a job: the documented {@code reference.conf}, overlaid by the user's HOCON file, overlaid
 * by {@code --set key=value}. Unknown keys are refused with the nearest known one. Every reader throws a {@link
 * UserException} that names the key and what it accepts. Immutable and thread-safe.
 */
public final class DpqConfig {
    private static final int NEAR = 4;

    private final Config config;

    private DpqConfig(final Config config) {
        this.config = config;
    }

    /** The embedded defaults alone. */
    public static DpqConfig defaults() {
        return load(null, List.of());
    }

    /**
     * Reads and checks a configuration.
     *
     * @param file the user's HOCON file, or null for the defaults alone
     * @param sets assignments {@code key=value}, split at the first {@code =}; the value is HOCON, or else a plain string
     */
    public static DpqConfig load(final @Nullable Path file, final List<String> sets) {
        final Config reference = ConfigFactory.parseResources(
                DpqConfig.class, "reference.conf", ConfigParseOptions.defaults().setAllowMissing(false));
        Config user = ConfigFactory.empty();
        if (file != null) {
            if (!Files.isRegularFile(file)) {
                throw UserException.usage(
                        "The configuration file " + file + " does not exist; give --config the path of a HOCON file.");
            }
            try {
                user = ConfigFactory.parseFile(file.toFile());
            } catch (ConfigException e) {
                throw UserException.usage(
                        "The configuration file " + file + " is not valid HOCON: " + e.getMessage() + ".");
            }
        }
        for (final String set : sets) {
            user = assignment(set).withFallback(user);
        }
        final Config resolved;
        try {
            resolved = user.withFallback(reference).resolve();
        } catch (ConfigException e) {
            throw UserException.usage("The configuration cannot be resolved: " + e.getMessage() + ".");
        }
        refuseUnknown(resolved.root(), reference.root(), "", allKeys(reference.root(), ""));
        return new DpqConfig(resolved);
    }

    private static Config assignment(final String set) {
        final int equals = set.indexOf('=');
        if (equals <= 0) {
            throw UserException.usage("--set " + set + " has no value; write --set key=value.");
        }
        final String key = set.substring(0, equals).trim();
        final String value = set.substring(equals + 1).trim();
        try {
            ConfigUtil.splitPath(key);
        } catch (ConfigException e) {
            throw UserException.usage("--set " + set + " has no valid key; write --set section.key=value.");
        }
        // HOCON would take the rest of such a path for a comment.
        final boolean quoted = value.startsWith("\"") || value.startsWith("[") || value.startsWith("{");
        if (!quoted && (value.contains("//") || value.contains("#"))) {
            return plain(key, value);
        }
        try {
            return ConfigFactory.parseString(key + " = " + value);
        } catch (ConfigException e) {
            // What is not HOCON, such as a URI with a colon, is meant as a plain string.
            return plain(key, value);
        }
    }

    private static Config plain(final String key, final String value) {
        return ConfigFactory.empty().withValue(key, ConfigValueFactory.fromAnyRef(value));
    }

    private static void refuseUnknown(
            final ConfigObject user, final ConfigObject reference, final String prefix, final List<String> known) {
        for (final Map.Entry<String, ConfigValue> entry : user.entrySet()) {
            final String key = prefix.isEmpty() ? entry.getKey() : prefix + "." + entry.getKey();
            final ConfigValue expected = reference.get(entry.getKey());
            if (expected == null) {
                throw UserException.usage("The key '" + key + "' is unknown" + nearest(key, known) + " ("
                        + entry.getValue().origin().description() + ").");
            }
            if (expected instanceof ConfigObject section) {
                if (!(entry.getValue() instanceof ConfigObject given)) {
                    throw UserException.usage("The key '" + key + "' is a section; set one of its keys: "
                            + section.keySet().stream().sorted().collect(Collectors.joining(", ")) + ".");
                }
                refuseUnknown(given, section, key, known);
            }
        }
    }

    private static String nearest(final String key, final List<String> known) {
        return known.stream()
                .min(Comparator.comparingInt((String k) -> strangeness(k, key)))
                .filter(k -> strangeness(k, key) <= NEAR)
                .map(k -> "; did you mean '" + k + "'?")
                .orElse("; reference.conf documents every key");
    }

    /** Typing errors between two keys; a key given in the wrong section, or in none, counts as one error. */
    private static int strangeness(final String known, final String key) {
        return Math.min(distance(known, key), 1 + distance(leaf(known), leaf(key)));
    }

    private static String leaf(final String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Levenshtein distance. */
    private static int distance(final String a, final String b) {
        int[] previous = new int[b.length() + 1];
        int[] current = new int[b.length() + 1];
        Arrays.setAll(previous, j -> j);
        for (int i = 1; i <= a.length(); i++) {
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                final int substitution = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(substitution, 1 + Math.min(previous[j], current[j - 1]));
            }
            final int[] swap = previous;
            previous = current;
            current = swap;
        }
        return previous[b.length()];
    }

    private static List<String> allKeys(final ConfigObject object, final String prefix) {
        final List<String> keys = new ArrayList<>();
        for (final Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            final String key = prefix.isEmpty() ? entry.getKey() : prefix + "." + entry.getKey();
            keys.add(key);
            if (entry.getValue() instanceof ConfigObject section) {
                keys.addAll(allKeys(section, key));
            }
        }
        return keys;
    }

    /** Whether a value is set: reference.conf marks what has no default with null. */
    public boolean isSet(final String key) {
        return config.hasPath(key);
    }

    /** A text value. */
    public String string(final String key) {
        require(key);
        try {
            return config.getString(key).trim();
        } catch (ConfigException e) {
            throw wrong(key, "a text");
        }
    }

    /** A text value that has no default. */
    public Optional<String> optionalString(final String key) {
        return isSet(key) && !string(key).isEmpty() ? Optional.of(string(key)) : Optional.empty();
    }

    /** A whole number within bounds, both included. */
    public int integer(final String key, final int min, final int max) {
        return (int) whole(key, min, max);
    }

    /** A 64-bit whole number within bounds, both included. */
    public long whole(final String key, final long min, final long max) {
        require(key);
        final long value;
        final double exact;
        try {
            value = config.getLong(key);
            exact = config.getDouble(key);
        } catch (ConfigException e) {
            throw wrong(key, "a whole number from " + min + " to " + max);
        }
        // The library cuts 1.5 down to 1, and nobody would see it.
        if (exact != Math.rint(exact) || value < min || value > max) {
            throw wrong(key, "a whole number from " + min + " to " + max);
        }
        return value;
    }

    /** A real number within bounds, both included. */
    public double decimal(final String key, final double min, final double max) {
        require(key);
        final double value;
        try {
            value = config.getDouble(key);
        } catch (ConfigException e) {
            throw wrong(key, "a number from " + min + " to " + max);
        }
        if (!(value >= min && value <= max)) {
            throw wrong(key, "a number from " + min + " to " + max);
        }
        return value;
    }

    /** A switch. */
    public boolean bool(final String key) {
        require(key);
        try {
            return config.getBoolean(key);
        } catch (ConfigException e) {
            throw wrong(key, "true or false");
        }
    }

    /** A size in bytes; HOCON units such as 64MiB are understood. */
    public long bytes(final String key) {
        require(key);
        try {
            return config.getBytes(key);
        } catch (ConfigException e) {
            throw wrong(key, "a size such as 64MiB");
        }
    }

    /** A length of time, not negative; HOCON units such as 15m are understood, and 0 needs none. */
    public Duration duration(final String key) {
        require(key);
        final Duration value;
        try {
            value = config.getDuration(key);
        } catch (ConfigException e) {
            throw wrong(key, "a length of time such as 15m");
        }
        if (value.isNegative()) {
            throw wrong(key, "a length of time such as 15m");
        }
        return value;
    }

    /** A list of real numbers. */
    public List<Double> decimals(final String key) {
        require(key);
        try {
            return List.copyOf(config.getDoubleList(key));
        } catch (ConfigException e) {
            throw wrong(key, "a list of numbers such as [1, 2.5]");
        }
    }

    /** A list of texts. */
    public List<String> strings(final String key) {
        require(key);
        try {
            return List.copyOf(config.getStringList(key));
        } catch (ConfigException e) {
            throw wrong(key, "a list of texts such as [a, b]");
        }
    }

    /** One of an enum's constants, written in kebab-case: {@code END_TO_END} is {@code end-to-end}. */
    public <E extends Enum<E>> E choice(final String key, final Class<E> type) {
        final String given = string(key);
        for (final E constant : type.getEnumConstants()) {
            if (kebab(constant).equals(given)) {
                return constant;
            }
        }
        throw wrong(
                key,
                "one of "
                        + Arrays.stream(type.getEnumConstants())
                                .map(DpqConfig::kebab)
                                .collect(Collectors.joining(", ")));
    }

    /** How a constant is written in a configuration. */
    public static String kebab(final Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The mandatory seed of every random choice. */
    public long seed() {
        return whole("seed", 0, Integer.MAX_VALUE);
    }

    /** The whole configuration as indented JSON, for logs and {@code --dry-run}; secrets are starred out. */
    public String render() {
        return redacted().root().render(ConfigRenderOptions.concise().setFormatted(true));
    }

    /** The whole configuration as flat {@code key → value} pairs in key order, secrets starred out: for provenance. */
    public Map<String, Object> flat() {
        final Map<String, Object> flat = new TreeMap<>();
        for (final Map.Entry<String, ConfigValue> entry : redacted().entrySet()) {
            final ConfigValue value = entry.getValue();
            flat.put(entry.getKey(), value instanceof ConfigList list ? list.unwrapped() : value.unwrapped());
        }
        return flat;
    }

    private Config redacted() {
        Config redacted = config;
        for (final Map.Entry<String, ConfigValue> entry : config.entrySet()) {
            final String key = entry.getKey().toLowerCase(Locale.ROOT);
            if (key.matches(".*(secret|password|token|credential).*")
                    && entry.getValue().valueType() != ConfigValueType.NULL) {
                redacted = redacted.withValue(entry.getKey(), ConfigValueFactory.fromAnyRef("***"));
            }
        }
        return redacted;
    }

    private void require(final String key) {
        if (!config.hasPathOrNull(key)) {
            throw new IllegalArgumentException("reference.conf lacks the key " + key);
        }
        if (!config.hasPath(key)) {
            throw UserException.usage(
                    "The key '" + key + "' must be set: add it to the configuration file or give --set " + key + "=….");
        }
    }

    /** What to say of a value that is present but wrong. */
    public UserException wrong(final String key, final String accepts) {
        final Object given = config.hasPath(key) ? config.getAnyRef(key) : "nothing";
        return UserException.usage("The key '" + key + "' is '" + given + "' but must be " + accepts + ".");
    }
}
