"""Makes the small Keras files beside it, and what TensorFlow computes from them.

Run in this directory with Keras 3 and TensorFlow: KERAS_BACKEND=tensorflow python make_models.py
The variants of the first model have the same outputs: in the form of Keras 2, and channel-first, which TensorFlow cannot
run on a processor, so that it is rewritten from the description and the weights.
"""

import copy
import json

import h5py
import keras
import numpy as np
from keras import layers as L

SIDE = 19


def disturb(model):
    """Random statistics: fresh batch normalisation is nearly the identity, which would hide a wrong one."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        weights = []
        for variable in layer.weights:
            if "variance" in variable.name:
                weights.append(random.uniform(0.3, 2, variable.shape))
            elif "gamma" in variable.name:
                weights.append(random.uniform(0.5, 1.5, variable.shape))
            elif variable.name in ("bias", "beta", "moving_mean"):
                weights.append(random.normal(0, 0.3, variable.shape))
            else:
                fan = max(1, np.prod(variable.shape[:-1]))
                weights.append(random.normal(0, 1 / np.sqrt(min(fan, 40)), variable.shape))
        layer.set_weights(weights)


def functional():
    image = L.Input((SIDE, SIDE, 3), name="input")
    x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(image)
    x = L.BatchNormalization(name="stem_bn", epsilon=0.01)(x)
    x = L.ReLU(max_value=6.0, name="stem_relu")(x)
    a = L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="relu", name="deep")(x)
    a = L.Conv2D(8, 1, name="deep_out")(a)
    a = L.BatchNormalization(name="deep_bn", scale=False)(a)
    x = L.Add(name="sum")([x, a])
    x = L.LeakyReLU(0.2, name="leaky")(x)
    p = L.ZeroPadding2D(((0, 1), (0, 1)), name="pad")(x)
    p = L.Conv2D(8, 3, strides=2, padding="valid", activation="elu", groups=2, name="grouped")(p)
    m = L.MaxPooling2D(3, strides=2, padding="same", name="max")(x)
    v = L.AveragePooling2D(2, strides=2, padding="same", name="average")(x)
    c = L.Cropping2D(((2, 3), (3, 2)), name="crop")(x)
    c = L.Conv2D(8, 1, activation="swish", name="cropped")(c)
    x = L.Concatenate(name="features")([p, m, v, c])
    x = L.SeparableConv2D(6, 3, strides=2, padding="same", dilation_rate=1, activation="tanh", name="separable")(x)
    x = L.Dropout(0.3, name="dropout")(x)
    y = L.Conv2D(6, 3, padding="same", dilation_rate=2, activation="sigmoid", name="dilated")(x)
    x = L.Maximum(name="larger")([L.Multiply(name="product")([x, y]), L.Average(name="mean")([x, y])])
    x = L.Flatten(name="flat")(x)
    x = L.BatchNormalization(name="flat_bn", center=False)(x)
    x = L.Dense(5, activation="softplus", name="dense")(x)
    return keras.Model(image, L.Softmax(name="classes")(x))


def sequential():
    return keras.Sequential(
        [
            L.Input((SIDE, SIDE, 3)),
            L.Conv2D(4, 5, strides=3, activation="relu", name="first"),
            L.SpatialDropout2D(0.1, name="spatial"),
            L.AveragePooling2D(2, name="pool"),
            L.DepthwiseConv2D(2, strides=2, padding="same", use_bias=False, name="deep"),
            L.Activation("softsign", name="sign"),
            L.GlobalMaxPooling2D(name="most"),
            L.Dense(3, name="last"),
        ]
    )


def sources(node):
    """Names of the layers whose tensors a Keras 3 node holds."""
    if isinstance(node, dict):
        return [node["config"]["keras_history"][0]] if node.get("class_name") == "__keras_tensor__" else sum(
            (sources(value) for value in node.values()), [])
    return sum((sources(value) for value in node), []) if isinstance(node, list) else []


def write(path, config, model, nested, rename=lambda name, weight, array: array):
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.4.0"
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        for layer in model.layers:
            inner = group.create_group(layer.name)
            for variable in layer.weights:
                name = (layer.name + "/" if nested else "") + variable.name + ":0"
                inner[name] = rename(layer.name, variable.name, variable.numpy())


def keras2(config):
    old = copy.deepcopy(config)
    old["class_name"] = "Model"
    for layer in old["config"]["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["batch_input_shape"] = layer["config"].pop("batch_shape")
        layer["inbound_nodes"] = [
            [[name, 0, 0, {}] for name in sources(node)] for node in layer["inbound_nodes"]
        ]
    return old


def channels_first(config, flatten):
    turned = copy.deepcopy(config)
    for layer in turned["config"]["layers"]:
        settings = layer["config"]
        if layer["class_name"] == "InputLayer":
            settings["batch_input_shape"] = [None, 3, SIDE, SIDE]
        if "data_format" in settings:
            settings["data_format"] = flatten if layer["class_name"] == "Flatten" else "channels_first"
        if layer["class_name"] in ("BatchNormalization", "Concatenate") and layer["name"] != "flat_bn":
            settings["axis"] = 1
    return turned


def main():
    keras.utils.set_random_seed(3)
    images = np.random.default_rng(2).normal(0, 1, (3, SIDE, SIDE, 3)).astype(np.float32)
    np.save("images.npy", images)

    model = functional()
    disturb(model)
    model.save("functional.h5", include_optimizer=False)
    config = json.loads(h5py.File("functional.h5")["/"].attrs["model_config"])
    for name in ("stem_bn", "features", "dropout", "larger", "flat_bn", "dense", "classes"):
        outputs = keras.Model(model.input, model.get_layer(name).output).predict(images, verbose=0)
        np.save("functional_" + name + ".npy", outputs.mean((1, 2)) if outputs.ndim == 4 else outputs)

    old = keras2(config)
    write("functional_keras2.h5", old, model, nested=True)
    write("functional_first.h5", channels_first(old, "channels_first"), model, nested=False)
    height, width, channels = model.get_layer("larger").output.shape[1:]
    order = np.arange(height * width * channels).reshape(height, width, channels).transpose(2, 0, 1).ravel()
    write(
        "functional_first_flat.h5",
        channels_first(old, "channels_last"),
        model,
        nested=False,
        rename=lambda layer, weight, array: array[order]
        if layer == "flat_bn" or (layer, weight) == ("dense", "kernel")
        else array,
    )

    model = sequential()
    disturb(model)
    model.save("sequential.h5", include_optimizer=False)
    np.save("sequential_last.npy", model.predict(images, verbose=0))

    image = L.Input((SIDE, SIDE, 3), name="picture")
    x = L.Conv2D(2, 3, name="plain")(image)
    x = L.Identity(name="trick")(x)
    model = keras.Model(image, L.GlobalAveragePooling2D(name="end")(x))
    config = keras2(json.loads(model.to_json()))
    [trick] = [layer for layer in config["config"]["layers"] if layer["name"] == "trick"]
    trick["class_name"] = "Lambda"
    trick["config"]["function"] = ["bm8gY29kZQ==", None, None]
    write("lambda.h5", config, model, nested=True)


if __name__ == "__main__":
    main()
