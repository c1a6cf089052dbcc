package io.dpq.encode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Stops a process of tests at a file operation: at the first one that matches the system property {@code dpq.test.pause} it makes
 * the file {@code dpq.test.paused}, and whoever does the operation waits until that is gone, or to be killed. Stateless.
 */
final class Pause {
    private Pause() {}

    static void at(final String operation) {
        final String pause = System.getProperty("dpq.test.pause", "");
        if (pause.isEmpty() || !operation.matches(pause)) {
            return;
        }
        try {
            final Path paused = Path.of(System.getProperty("dpq.test.paused"));
            final Path aside = paused.resolveSibling(
                    paused.getFileName() + "." + ProcessHandle.current().pid());
            Files.writeString(aside, operation);
            // Of several processes the first one alone.
            Files.createLink(paused, aside);
            while (Files.exists(paused)) {
                Thread.sleep(10);
            }
        } catch (FileAlreadyExistsException e) {
            return;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
