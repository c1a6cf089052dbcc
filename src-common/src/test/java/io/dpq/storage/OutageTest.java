package io.dpq.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.dpq.config.UserException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.util.stream.Stream;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.ipc.StandbyException;
import org.apache.hadoop.security.AccessControlException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OutageTest {
    static Stream<Throwable> passing() {
        return Stream.of(
                new ConnectException("Call From here to there failed"),
                new SocketTimeoutException("no answer"),
                new StandbyException("not active"),
                new RemoteException(
                        "org.apache.hadoop.hdfs.server.namenode.SafeModeException", "Name node is in safe mode"),
                new IllegalStateException(UserException.data(
                        "The folder cannot be listed.", new IOException(new ConnectException("reset")))));
    }

    static Stream<Throwable> lasting() {
        final Exception circle = new IOException("circle");
        circle.initCause(new IllegalStateException(circle));
        return Stream.of(
                new FileNotFoundException("gone"),
                new UnknownHostException("nowhere"),
                new IOException(new ConnectException().initCause(new UnknownHostException("nowhere"))),
                new AccessControlException("not yours"),
                new AccessDeniedException("not yours"),
                new IOException("not a Parquet file"),
                new RemoteException(AccessControlException.class.getName(), "not yours"),
                new IllegalStateException("a defect"),
                UserException.data("The lake is empty."),
                circle);
    }

    @ParameterizedTest
    @MethodSource("passing")
    void mayPass(final Throwable failure) {
        assertThat(Outage.of(failure)).isPresent();
    }

    @ParameterizedTest
    @MethodSource("lasting")
    void lasts(final Throwable failure) {
        assertThat(Outage.of(failure)).isEmpty();
    }
}
