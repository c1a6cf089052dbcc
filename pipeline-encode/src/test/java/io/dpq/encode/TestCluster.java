package io.dpq.encode;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Spark cluster of a master and two workers, each a JVM, the workers on two addresses of this machine: Spark starts no
 * speculative attempt on the host of the first.
 */
final class TestCluster implements AutoCloseable {
    private final Path folder;
    private final List<Process> processes = new ArrayList<>();
    private final String master;

    private TestCluster(final Path folder, final int port) {
        this.folder = folder;
        this.master = "spark://127.0.0.1:" + port;
    }

    static TestCluster start(final Path folder) throws IOException, InterruptedException {
        final int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        // Where the launcher of the executors looks for Spark; all classes come by the extra class path.
        Files.createDirectories(folder.resolve("spark-home/jars"));
        final TestCluster cluster = new TestCluster(folder, port);
        cluster.launch("org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "" + port);
        cluster.awaitOpen(port);
        for (final String host : List.of("127.0.0.1", "127.0.0.2")) {
            cluster.launch(
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    host,
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    "--work-dir",
                    folder.resolve("work").toString(),
                    cluster.master);
        }
        return cluster;
    }

    private void launch(final String type, final String... options) throws IOException {
        final List<String> command = new ArrayList<>(List.of(DriverProcess.java()));
        command.addAll(DriverProcess.flags());
        command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path"), type, "--webui-port", "0"));
        command.addAll(List.of(options));
        final ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        folder.resolve("cluster-" + processes.size() + ".log").toFile());
        builder.environment().put("SPARK_HOME", folder.resolve("spark-home").toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.12");
        processes.add(builder.start());
    }

    private void awaitOpen(final int port) throws IOException, InterruptedException {
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress("127.0.0.1", port), 100);
                return;
            } catch (IOException e) {
                if (!processes.get(0).isAlive()) {
                    throw new IOException("The master ended: " + Files.readString(folder.resolve("cluster-0.log")), e);
                }
                Thread.sleep(100);
            }
        }
    }

    String master() {
        return master;
    }

    @Override
    public void close() {
        for (final Process process : processes) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().onExit().join();
        }
    }
}
