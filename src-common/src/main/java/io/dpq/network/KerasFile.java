package io.dpq.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dpq.config.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.modelimport.keras.Hdf5Archive;
import org.deeplearning4j.nn.modelimport.keras.exceptions.UnsupportedKerasConfigurationException;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An open Keras h5 file: the model's description and the arrays of its layers. For one thread. */
final class KerasFile implements AutoCloseable {
    private static final String WEIGHTS = "model_weights";
    private static final String DESCRIPTION = "model_config";
    private static final String VERSION = "keras_version";

    private final String file;
    private final Hdf5Archive archive;
    private final List<String> root;

    private KerasFile(final String file, final Hdf5Archive archive, final List<String> root) {
        this.file = file;
        this.archive = archive;
        this.root = root;
    }

    /**
     * Opens a file.
     *
     * @throws UserException where there is none, or it is not HDF5
     */
    static KerasFile open(final String file) {
        if (!Files.isRegularFile(Path.of(file))) {
            throw UserException.data(
                    "The weights file " + file + " does not exist, so point backbone.weights to a Keras h5 file.");
        }
        Hdf5Archive archive = null;
        try {
            archive = new Hdf5Archive(file);
            // A file of weights alone has the layers at its root.
            return new KerasFile(file, archive, archive.getGroups().contains(WEIGHTS) ? List.of(WEIGHTS) : List.of());
        } catch (final RuntimeException e) {
            if (archive != null) {
                archive.close();
            }
            throw unreadable(file, e);
        }
    }

    private static UserException unreadable(final String file, final Exception cause) {
        return UserException.data(
                "The weights file " + file + " cannot be read as Keras h5, so point backbone.weights to one.", cause);
    }

    /** The path, for messages. */
    String file() {
        return file;
    }

    /**
     * The model's description, as Keras writes it.
     *
     * @throws UserException where the file holds weights alone, or was written by Keras 1
     */
    JsonNode description() {
        try {
            if (!archive.hasAttribute(DESCRIPTION)) {
                throw UserException.data("The file " + file
                        + " holds weights but no model, so save the whole model to it (model.save).");
            }
            if (archive.hasAttribute(VERSION)
                    && archive.readAttributeAsString(VERSION).startsWith("1.")) {
                throw UserException.data(
                        "The file " + file + " was written by Keras 1, so save it again by Keras 2 or later.");
            }
            return new ObjectMapper().readTree(archive.readAttributeAsJson(DESCRIPTION));
        } catch (final UnsupportedKerasConfigurationException | JsonProcessingException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * The arrays of a layer by their names without number ("kernel", "bias", …), however deep below the layer Keras has put
     * them; empty where there are none.
     */
    Map<String, INDArray> arrays(final String layer) {
        try {
            final List<String> path = new ArrayList<>(root);
            for (final String part : layer.split("/", -1)) {
                if (!archive.getGroups(path.toArray(new String[0])).contains(part)) {
                    return Map.of();
                }
                path.add(part);
            }
            final Map<String, INDArray> found = new LinkedHashMap<>();
            collect(path, found);
            return found;
        } catch (final UnsupportedKerasConfigurationException | RuntimeException e) {
            throw unreadable(file, e);
        }
    }

    private void collect(final List<String> path, final Map<String, INDArray> found)
            throws UnsupportedKerasConfigurationException {
        final String[] groups = path.toArray(new String[0]);
        for (final String name : archive.getDataSets(groups)) {
            found.put(name.replaceFirst(":.*", ""), archive.readDataSet(name, groups));
        }
        for (final String group : archive.getGroups(groups)) {
            final List<String> deeper = new ArrayList<>(path);
            deeper.add(group);
            collect(deeper, found);
        }
    }

    @Override
    public void close() {
        archive.close();
    }
}
