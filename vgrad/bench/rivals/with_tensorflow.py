"""The article's recipe in TensorFlow 2 with Keras, in graph mode.

Variants: "step", a call of a tf.function for each step; "loop", all steps in one tf.function; "xla", the same with jit_compile.
"""
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

import recipe

ACTIVATIONS = {"sigmoid": lambda r: tf.sigmoid, "relu": lambda r: tf.nn.relu,
               "leaky_relu": lambda r: lambda z: tf.nn.leaky_relu(z, r.slope)}


def network(r):
    layers = [tf.keras.layers.Dense(units, ACTIVATIONS[r.activation](r)) for _, units in recipe.sizes(r)]
    layers[-1].activation = None
    return tf.keras.Sequential([tf.keras.Input([784])] + layers)


def program(r, variant, images, labels):
    """Returns the model, its optimizer and a function from the order of the batches to the means."""
    model = network(r)
    optimizer = tf.keras.optimizers.Adam(r.rate, epsilon=recipe.EPSILON)
    optimizer.build(model.trainable_variables)
    loss_of = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step(batch):
        with tf.GradientTape() as tape:
            loss = loss_of(tf.gather(labels, batch), model(tf.gather(images, batch), training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        return tf.stack([tf.reduce_mean(tf.abs(g)) for g in grads if len(g.shape) == 2])

    @tf.function(jit_compile=variant == "xla")
    def loop(order):
        means = tf.TensorArray(tf.float32, r.steps, element_shape=[r.depth])
        for i in tf.range(r.steps):
            means = means.write(i, step(order[i]))
        return means.stack()

    def steps(order):
        if variant == "step":
            return tf.stack([step(batch) for batch in tf.constant(order)]).numpy()
        return loop(tf.constant(order)).numpy()

    return model, optimizer, steps


def reset(r, model, optimizer):
    for layer, (w, b) in zip(model.layers, recipe.initial(r)):
        layer.set_weights([w, b])
    for v in optimizer.variables:
        if v is not optimizer.learning_rate:
            v.assign(tf.zeros_like(v))


def make(flags, images, labels):
    if flags.threads:
        tf.config.threading.set_intra_op_parallelism_threads(flags.threads)
        tf.config.threading.set_inter_op_parallelism_threads(flags.threads)
    images, labels = tf.constant(images), tf.constant(labels)
    programs = {}

    def train(r):
        key = r.activation, r.depth, r.width, r.batch, r.steps
        if key not in programs:
            programs[key] = program(r, flags.variant, images, labels)
        model, optimizer, steps = programs[key]
        reset(r, model, optimizer)
        start = time.perf_counter()
        means = steps(recipe.order(r, len(labels)))
        seconds = time.perf_counter() - start
        return seconds, means, [layer.get_weights() for layer in model.layers]

    return train


recipe.run(make)
