package io.dpq.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dpq.config.UserException;
import io.dpq.image.ImageContract;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

/** Why a row is left out of training. */
class RowCheckerTest {
    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.StringType)
            .add("labels", DataTypes.createArrayType(DataTypes.StringType))
            .add("length", DataTypes.LongType)
            .add("content", DataTypes.BinaryType)
            .add("error", DataTypes.StringType);
    private static final ImageContract CONTRACT = new ImageContract(
            ImageContract.VERSION,
            ImageContract.Fit.STRETCH,
            8,
            8,
            List.of(0.0, 0.0, 0.0),
            List.of(1.0, 1.0, 1.0),
            100,
            1000);

    @Test
    void aFileTooLongIsToldFromOneThatCannotBeRead() {
        final Iterator<TrainRow> rows = new RowChecker(InputContract.ofImages(CONTRACT), List.of())
                .call(List.of(without("long", 1001), without("gone", 1000)).iterator());
        assertThat(rows.next().rejection()).isEqualTo("TOO_MANY_BYTES");
        // To go on without it would be another training.
        assertThatThrownBy(rows::next)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("gone cannot be read (why); run train again");
    }

    private static Row without(final String id, final long length) {
        return new GenericRowWithSchema(new Object[] {id, null, length, null, "why"}, SCHEMA);
    }
}
