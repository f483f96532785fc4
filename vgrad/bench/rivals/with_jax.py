"""The article's recipe in JAX: all steps in one jitted lax.scan, with the data on the device.

Variants: ""; "together", all seeds side by side through jax.vmap.
"""
import functools
import os
import time

import numpy as np
import recipe


def activation(name, slope):
    import jax
    return {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "leaky_relu": lambda z: jax.nn.leaky_relu(z, slope)}[name]


def make(flags, images, labels):
    if flags.threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import jax
    import jax.numpy as jnp
    import optax
    images, labels = jnp.asarray(images), jnp.asarray(labels)

    @functools.cache
    def program(name, slope, rate, seeds):
        activate = activation(name, slope)
        optimizer = optax.adam(rate, eps=recipe.EPSILON)

        def loss_of(weights, x, y):
            for w, b in weights[:-1]:
                x = activate(x @ w + b)
            w, b = weights[-1]
            return optax.softmax_cross_entropy_with_integer_labels(x @ w + b, y).mean()

        def steps(weights, order, images, labels):
            def step(carry, batch):
                weights, state = carry
                grads = jax.grad(loss_of)(weights, images[batch], labels[batch])
                updates, state = optimizer.update(grads, state)
                means = jnp.stack([jnp.abs(g).mean() for g, _ in grads])
                return (optax.apply_updates(weights, updates), state), means
            (weights, _), means = jax.lax.scan(step, (weights, optimizer.init(weights)), order)
            return weights, means

        return jax.jit(jax.vmap(steps, (0, 0, None, None)) if seeds > 1 else steps)

    def train(r):
        return run(recipe.initial(r), lambda: recipe.order(r, len(labels)), r, 1)

    def together(rs):
        stacked = jax.tree.map(lambda *xs: np.stack(xs), *map(recipe.initial, rs))
        seconds, means, weights = run(stacked, lambda: np.stack([recipe.order(r, len(labels)) for r in rs]), rs[0], len(rs))
        return [(seconds / len(rs), means[i], [(w[i], b[i]) for w, b in weights]) for i in range(len(rs))]

    def run(weights, order, r, seeds):
        weights = jax.tree.map(jnp.asarray, weights)
        steps = program(r.activation, r.slope, r.rate, seeds)
        start = time.perf_counter()
        weights, means = steps(weights, order(), images, labels)
        means = np.asarray(means)
        seconds = time.perf_counter() - start
        return seconds, means, [(np.asarray(w), np.asarray(b)) for w, b in weights]

    flags.together = flags.variant == "together"
    return together if flags.together else train


recipe.run(make)
