package io.dpq.eval;

import io.dpq.image.ImageDecoder;
import io.dpq.image.ImageRejectedException;
import io.dpq.image.RgbImage;
import io.dpq.lake.Lake;
import io.dpq.lake.LakeSettings;
import io.dpq.lake.Partitions;
import io.dpq.model.ModelDirectory;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/**
 * Small pictures of some images of a lake, as JPEG in Base64 for a page that stands alone: some 2 KiB each. Images that cannot
 * be read or decoded have none, and a lake that cannot be read is told in the log, since pictures decorate a report. Stateless.
 */
final class Thumbnails {
    private static final Logger LOG = LoggerFactory.getLogger(Thumbnails.class);
    private static final int SIDE = 72;
    private static final float QUALITY = 0.7f;
    private static final long PARTITION_BYTES = 16 << 20;

    /** Larger files are not worth reading for a thumbnail. */
    private static final long MOST_BYTES = 32 << 20;

    private Thumbnails() {}

    /** Pictures by id. */
    static Map<String, String> of(
            final SparkSession spark, final LakeSettings settings, final String modelPath, final Set<String> ids) {
        final Map<String, String> pictures = new HashMap<>();
        try {
            final Lake lake = Lake.open(spark, settings);
            final Painter painter = new Painter(
                    modelPath,
                    new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
            lake.read(
                            lake.listing().filter(functions.col("id").isInCollection(ids)),
                            Partitions.of(PARTITION_BYTES),
                            MOST_BYTES)
                    .select("id", "content")
                    .toJavaRDD()
                    .mapPartitions(painter::call)
                    .collect()
                    .forEach(picture -> pictures.put(picture._1(), picture._2()));
        } catch (Exception e) {
            // Pictures are an ornament: figures that took hours must not be lost for them. Spark throws what it does
            // not
            // declare.
            LOG.warn("The report goes without pictures of {}: {}", settings.path(), e.getMessage());
        }
        return pictures;
    }

    /** Turns rows {@code id, content} into pictures, decoded as the model has it. */
    private record Painter(String modelPath, SerializableConfiguration hadoop) implements Serializable {
        private static final long serialVersionUID = 1L;

        Iterator<Tuple2<String, String>> call(final Iterator<Row> rows) {
            final ImageDecoder decoder = new ImageDecoder(
                    ModelDirectory.attach(modelPath, hadoop.value()).manifest().image());
            final List<Tuple2<String, String>> pictures = new ArrayList<>();
            while (rows.hasNext()) {
                final Row row = rows.next();
                if (!row.isNullAt(1)) {
                    try {
                        pictures.add(new Tuple2<>(row.getString(0), jpeg(decoder.decode(row.getAs(1)))));
                    } catch (ImageRejectedException | RuntimeException e) {
                        LOG.debug("No picture of {}", row.getString(0), e);
                    }
                }
            }
            return pictures.iterator();
        }
    }

    private static String jpeg(final RgbImage image) {
        final BufferedImage whole = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < image.width() * image.height(); i++) {
            whole.setRGB(
                    i % image.width(),
                    i / image.width(),
                    (image.rgb()[3 * i] & 255) << 16
                            | (image.rgb()[3 * i + 1] & 255) << 8
                            | (image.rgb()[3 * i + 2] & 255));
        }
        final double scale = Math.min(1, (double) SIDE / Math.max(image.width(), image.height()));
        final int width = (int) Math.max(1, Math.round(scale * image.width()));
        final int height = (int) Math.max(1, Math.round(scale * image.height()));
        final BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        final Graphics2D graphics = small.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
        graphics.drawImage(whole, 0, 0, width, height, null);
        graphics.dispose();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try (var out = ImageIO.createImageOutputStream(bytes)) {
            final ImageWriteParam parameters = writer.getDefaultWriteParam();
            parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            parameters.setCompressionQuality(QUALITY);
            writer.setOutput(out);
            writer.write(null, new IIOImage(small, null, null), parameters);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }
}
