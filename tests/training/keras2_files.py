"""Write what the paper's code writes, with Keras 2: run as a program, given a folder.

The networks stand here as the paper describes them, layer by layer (CL-090 to CL-096);
nothing of frm_bridge is imported.
"""

import sys
from pathlib import Path

import numpy as np
import tf_keras as keras

STATISTICS = (6200.5, 1944.25, 2787.0, 3441.5)
KC_10X_DAPI = (6201.78972, 1944.04150, 2787.14538, 3441.03697)  # CL-083
L = keras.layers


def two_convolutions(x, width, rate, activation="elu", *, thrice=False):
    for _ in range(2 if thrice else 1):
        x = L.Conv2D(
            width,
            (3, 3),
            activation=activation,
            kernel_initializer="he_normal",
            padding="same",
        )(x)
        x = L.Dropout(rate)(x)
    return L.Conv2D(
        width,
        (3, 3),
        activation=activation,
        kernel_initializer="he_normal",
        padding="same",
    )(x)


def u_net(x, options, *, is_last):
    deeper = options.get("deeper", False)
    activation = options.get("activation", "elu")
    skips = []
    for width, rate in ((16, 0.1), (32, 0.1), (64, 0.2), (128, 0.2)):
        x = two_convolutions(x, width, rate, activation, thrice=deeper and width > 16)
        if options.get("normalise"):
            x = L.BatchNormalization()(x)
        skips.append(x)
        x = L.MaxPooling2D((2, 2))(x)
    x = two_convolutions(x, 256, 0.3, activation)
    for width, rate in ((128, 0.2), (64, 0.2), (32, 0.1), (16, 0.1)):
        x = L.Conv2DTranspose(width, (2, 2), strides=(2, 2), padding="same")(x)
        both = [x, skips.pop()]
        x = L.concatenate(both[::-1] if options.get("skip_first") else both, axis=3)
        if width == 16 and is_last:
            x = L.Conv2D(16, (3, 3), activation=activation, padding="same")(x)
            x = L.Dropout(rate)(x)
            head = options.get("head", "elu")
            return L.Conv2D(1, (3, 3), activation=head, padding="same")(x)
        x = two_convolutions(x, width, rate, activation, thrice=deeper and width > 16)
    return x


def network(stacks=1, side=256, seed=0, **options):
    """Give the network with random weights; fresh biases, 0, would leave no trace."""
    keras.utils.set_random_seed(seed)
    image = x = L.Input((side, side, 1))
    for stack in range(stacks):
        x = u_net(x, options, is_last=stack == stacks - 1)
    model = keras.Model(inputs=[image], outputs=[x])
    random = np.random.default_rng(seed)
    model.set_weights(
        [w + random.normal(0, 0.02, w.shape) for w in model.get_weights()]
    )
    return model


def shared_between_gpus(model, trace):
    """Wrap a model as multi_gpu_model did: slices of the batch, joined again."""

    def slice_of(batch, part):
        with open(trace, "w") as file:  # so that a test sees whether this is run
            file.write("run")
        return batch[part::2]

    image = L.Input((256, 256, 1))
    parts = [
        model(L.Lambda(slice_of, arguments={"part": part})(image)) for part in (0, 1)
    ]
    return keras.Model(image, L.concatenate(parts, axis=0))


def counts(model, image, statistics=STATISTICS, **options):
    """Predict as the paper's code does (CL-070, CL-071), before it cuts to integers.

    Its networks take 256 px alone; the same weights are put into one for any size.
    """
    any_size = network(side=None, **options)
    any_size.set_weights(model.get_weights())
    input_mean, input_sd, output_mean, output_sd = statistics
    normalised = (image.astype(np.float64) - input_mean) / input_sd
    output = any_size(normalised[np.newaxis, ..., np.newaxis], training=False)
    return output.numpy()[0, ..., 0] * output_sd + output_mean


def train_one_step(model, path, loss):
    """Save as the paper's training does, by ModelCheckpoint after an epoch."""
    random = np.random.default_rng(5)
    images, targets = random.normal(size=(2, 2, 256, 256, 1))
    model.compile(
        loss=loss,
        optimizer=keras.optimizers.legacy.Adadelta(learning_rate=1.0, rho=0.95),
        metrics=["mse"],
        run_eagerly=True,
    )
    keep = keras.callbacks.ModelCheckpoint(str(path), save_best_only=True)
    model.fit(
        images, targets, validation_split=0.5, epochs=1, callbacks=[keep], verbose=0
    )


def pear_corr(truth, prediction):
    return keras.losses.mean_squared_error(truth, prediction)


def main(folder):
    np.save(folder / "stats_data.npy", np.array(STATISTICS))
    image = np.random.default_rng(1).integers(2000, 12000, (304, 272)).astype(np.uint16)
    answers = {"image": image}

    one = network(seed=1)  # conv2d to conv2d_17
    train_one_step(one, folder / "one.h5", "mean_squared_error")
    one.save_weights(folder / "one_alone.h5")
    answers["one"] = counts(one, image)

    offset = network(seed=2)  # conv2d_36 and on: 36 comes first, 100 would sort first
    offset.save_weights(folder / "offset_alone.h5")
    answers["offset"] = counts(offset, image)

    wrapped = shared_between_gpus(offset, str(folder / "run"))
    wrapped.save(folder / "wrapped.h5")
    wrapped.save_weights(folder / "wrapped_alone.h5")
    (folder / "run").unlink()

    two = network(stacks=2, seed=3)  # passes conv2d_100
    two.save(folder / "two.h5")
    two.save_weights(folder / "two_alone.h5")
    answers["two"] = counts(two, image, stacks=2)

    linear = network(seed=4, head="linear")
    linear.compile(loss=pear_corr, optimizer="adam")
    linear.save(folder / "linear.h5")
    answers["linear"] = counts(linear, image, KC_10X_DAPI, head="linear")

    network(stacks=2, deeper=True).save_weights(folder / "deeper_alone.h5")
    network(skip_first=True).save(folder / "skip_first.h5")
    network(activation="relu").save(folder / "relu.h5")
    network(normalise=True).save_weights(folder / "normalised_alone.h5")
    keras.Sequential([L.Input((4,)), L.Dense(3)]).save(folder / "dense.h5")
    one.save_weights(folder / "new.weights.h5")
    np.savez(folder / "answers.npz", **answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
