package io.dpq.eval;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Independent judges that are written in Python. */
final class Python {
    private Python() {}

    /**
     * What a script prints; nothing where no Python is installed that can run it.
     *
     * @param args of the interpreter
     */
    static String run(final String... args) throws IOException, InterruptedException {
        // The first on the path may be another than the one that Debian's packages belong to.
        for (final String python : List.of("python3", "/usr/bin/python3")) {
            final List<String> command = new ArrayList<>(List.of(python));
            command.addAll(List.of(args));
            final Process process;
            try {
                process = new ProcessBuilder(command).start();
            } catch (IOException e) {
                continue;
            }
            final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() == 0) {
                return out;
            }
        }
        return "";
    }
}
