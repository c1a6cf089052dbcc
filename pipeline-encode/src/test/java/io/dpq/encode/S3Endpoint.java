package io.dpq.encode;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An S3 of one bucket, S3Proxy over a folder, in a JVM of its own, since its libraries are not those of Spark. */
final class S3Endpoint implements AutoCloseable {
    static final String BUCKET = "dpq";

    private static final Pattern STARTED = Pattern.compile(
            "Started \\S*ServerConnector\\S*\\{HTTP/1\\.1, \\(http/1\\.1\\)}\\{127\\.0\\.0\\.1:(\\d+)}");

    private final Process process;
    private final String address;

    private S3Endpoint(final Process process, final String address) {
        this.process = process;
        this.address = address;
    }

    static S3Endpoint start(final Path folder) throws IOException, InterruptedException {
        final Path objects = Files.createDirectories(folder.resolve("objects"));
        final Path properties = folder.resolve("s3proxy.properties");
        Files.write(
                properties,
                List.of(
                        "s3proxy.authorization=none",
                        "s3proxy.endpoint=http://127.0.0.1:0",
                        "jclouds.provider=filesystem-nio2",
                        "jclouds.filesystem.basedir=" + objects));
        final Path log = folder.resolve("s3proxy.log");
        // The build puts it there.
        final Process process = new ProcessBuilder(
                        DriverProcess.java(),
                        "-Xmx256m",
                        "-jar",
                        "target/s3/s3proxy.jar",
                        "--properties",
                        properties.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        while (process.isAlive()) {
            final Matcher started = STARTED.matcher(Files.readString(log));
            if (started.find()) {
                final S3Endpoint endpoint = new S3Endpoint(process, "http://127.0.0.1:" + started.group(1));
                endpoint.makeBucket();
                return endpoint;
            }
            Thread.sleep(100);
        }
        throw new IOException("S3Proxy did not start: " + Files.readString(log));
    }

    private void makeBucket() throws IOException, InterruptedException {
        final HttpResponse<String> made = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(address + "/" + BUCKET))
                                .PUT(HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        if (made.statusCode() != 200) {
            throw new IOException("No bucket: " + made.body());
        }
    }

    static String url(final String key) {
        return "s3a://" + BUCKET + "/" + key;
    }

    /** What Hadoop must know to reach it. */
    Map<String, String> hadoop(final Path buffers) {
        return Map.of(
                "fs.s3a.endpoint", address,
                "fs.s3a.path.style.access", "true",
                "fs.s3a.connection.ssl.enabled", "false",
                "fs.s3a.access.key", "any",
                "fs.s3a.secret.key", "any",
                "fs.s3a.buffer.dir", buffers.toString());
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
