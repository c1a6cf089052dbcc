package io.dpq.encode;

import com.sun.management.GarbageCollectionNotificationInfo;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

/** The most memory that this JVM has held: what was left of its heap after a collection, and of the process as a whole. */
final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private final AtomicLong heap = new AtomicLong();

    /** Begins to look. */
    PeakMemory() {
        for (final GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            if (collector instanceof NotificationEmitter emitter) {
                emitter.addNotificationListener(
                        (notification, handback) -> {
                            if (notification.getUserData() instanceof CompositeData data) {
                                final long left =
                                        GarbageCollectionNotificationInfo.from(data)
                                                .getGcInfo()
                                                .getMemoryUsageAfterGc()
                                                .values()
                                                .stream()
                                                .mapToLong(MemoryUsage::getUsed)
                                                .sum();
                                heap.accumulateAndGet(left, Math::max);
                            }
                        },
                        null,
                        null);
            }
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "at most %d MiB of heap in use after a collection%s", heap.get() >> 20, process());
    }

    /** As Linux tells it; other systems do not. */
    private static String process() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .map(kib -> ", " + kib / 1024 + " MiB of the process")
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
