"""What the rivals share: the data, the order of the batches, and how the benchmark talks to them.

A rival is a script that calls run(make). make(flags, images, labels) returns

    train(r) -> (seconds, means, weights)

r says what to train (see FIELDS); seconds is the time of the steps alone, means is an array [steps, depth] of mean |dL/dW| of
every layer at every step, and weights is a list of numpy pairs (W [inputs, units], b [units]). Where make sets flags.together,
train takes a list of them, which differ in their seeds, and returns such a triple for each. Another condense takes other triples.

    script.py serve     answers a line of JSON with a line of JSON until its input ends
    script.py article   trains the three scenarios with -seeds seeds each and prints one line of JSON
"""
import argparse
import json
import os
import sys
import types

import numpy as np

FIELDS = dict(network="mlp", depth=6, width=10, activation="sigmoid", slope=0.2, batch=30, steps=2500, rate=0.001, seed=0)
ACTIVATIONS = ["sigmoid", "relu", "leaky_relu"]
SUMMARY_EVERY = 200  # the article's summaries
EPSILON = 1e-8  # Adam's


def data():
    """The article's split of MNIST: images [n, 784] float32 in [0, 1], labels [n] int32; validation likewise."""
    def part(name):
        images, labels = (np.load(os.path.join(os.environ["VGRAD_BENCH_DATA"], f"{name}-{what}.npy")) for what in ("images", "labels"))
        return images.astype(np.float32) / np.float32(255), labels.astype(np.int32)
    return part("train") + part("validation")


def sizes(r):
    """Inputs and units of every layer."""
    units = [784] + [r.width] * (r.depth - 1) + [10]
    return list(zip(units[:-1], units[1:]))


def initial(r):
    """Weights Glorot uniform [inputs, units], biases zero."""
    rng = np.random.default_rng(r.seed)
    def layer(i, o):
        limit = np.sqrt(6 / (i + o))
        return rng.uniform(-limit, limit, (i, o)).astype(np.float32), np.zeros(o, np.float32)
    return [layer(i, o) for i, o in sizes(r)]


def order(r, n):
    """Which images each step sees, [steps, batch] int32: one shuffled epoch after another."""
    rng = np.random.default_rng([r.seed, 1])
    epochs = [rng.permutation(n) for _ in range(-(-r.steps * r.batch // n))]
    return np.concatenate(epochs)[:r.steps * r.batch].reshape(r.steps, r.batch).astype(np.int32)


def activate(z, r):
    if r.activation == "sigmoid":
        return 1 / (1 + np.exp(-z))
    return np.maximum(z, 0) + (r.slope * np.minimum(z, 0) if r.activation == "leaky_relu" else 0)


def accuracy(weights, images, labels, r):
    """Of the validation set: the same few lines for all rivals, so that they are checked by something they are not."""
    a = images
    for w, b in weights[:-1]:
        a = activate(a @ w + b, r)
    w, b = weights[-1]
    return float(np.mean(np.argmax(a @ w + b, 1) == labels))


def outcome(trained, validation, r):
    """Condenses a training to what the article speaks of."""
    seconds, means, weights = trained
    assert means.shape == (r.steps, r.depth), means.shape
    return {"activation": r.activation, "seed": r.seed, "seconds": seconds,
            "mean_abs_grad": means[::SUMMARY_EVERY].astype(np.float64).mean(0).tolist(),
            "val_accuracy": accuracy(weights, *validation, r)}


def run(make, condense=outcome):
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["serve", "article"])
    parser.add_argument("-variant", default="")
    parser.add_argument("-threads", type=int, default=0, help="0: as many as it takes by itself")
    parser.add_argument("-seeds", type=int, default=1)
    flags = parser.parse_args()
    images, labels, *validation = data()
    flags.together = False
    train = make(flags, images, labels)

    def answer(requests):
        rs = [types.SimpleNamespace(**(FIELDS | r)) for r in requests]
        trained = train(rs) if flags.together else map(train, rs)
        return [condense(t, validation, r) for t, r in zip(trained, rs)]

    if flags.mode == "article":
        runs = [answer(dict(activation=a, seed=s) for s in range(flags.seeds)) for a in ACTIVATIONS]
        print(json.dumps(sum(runs, [])), flush=True)
        return
    for line in sys.stdin:
        print(json.dumps(answer([json.loads(line)])), flush=True)
