"""The networks of part h in JAX: time in one lax.scan, all steps of the training in another, jitted."""
import functools
import os
import time
import types

import numpy as np

import families
import recipe


def recurrent(r):
    """Returns the initial weights and a function from weights and images to logits."""
    import jax
    import jax.numpy as jnp
    blocks = {"lstm": 4, "gru": 3, "rnn": 1}[r.network]
    rng, limit = np.random.default_rng(r.seed), 1 / np.sqrt(r.width)
    draw = lambda *shape: rng.uniform(-limit, limit, shape).astype(np.float32)
    weights = dict(w=draw(1, blocks * r.width), u=draw(r.width, blocks * r.width), b=draw(blocks * r.width),
                   c=draw(blocks * r.width), out=draw(r.width, 10), bias=draw(10))

    def logits(w, images, _):
        xs = images.T[:, :, None] @ w["w"] + w["b"]  # one product for all time steps

        def step(carry, x):
            h, c = carry
            z = jnp.split(x, blocks, 1)
            u = jnp.split(h @ w["u"] + w["c"], blocks, 1)
            if r.network == "rnn":
                h = jnp.tanh(z[0] + u[0])
            elif r.network == "gru":
                reset, update = jax.nn.sigmoid(z[0] + u[0]), jax.nn.sigmoid(z[1] + u[1])
                n = jnp.tanh(z[2] + reset * u[2])
                h = n + update * (h - n)
            else:
                i, f, g, o = (a + b for a, b in zip(z, u))
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), None
        zeros = jnp.zeros((images.shape[0], r.width))
        (h, _), _ = jax.lax.scan(step, (zeros, zeros), xs)
        return h @ w["out"] + w["bias"], {}
    return weights, {}, logits


def resnet(r):
    """Returns the initial weights, the initial running statistics and a function from them and images to logits and new statistics."""
    import jax
    import jax.numpy as jnp
    rng, weights, statistics = np.random.default_rng(r.seed), {}, {}
    plan = families.resnet(r.depth)
    for i, block in enumerate(plan):
        for name, size, inputs, outputs, _ in block:
            key = f"{i}{name}"
            weights[key] = (rng.normal(0, np.sqrt(2 / (size * size * outputs)), (size, size, inputs, outputs)).astype(np.float32),
                            np.ones(outputs, np.float32), np.zeros(outputs, np.float32))
            statistics[key] = np.zeros(outputs, np.float32), np.ones(outputs, np.float32)
    limit = 1 / np.sqrt(2048)
    weights["out"] = rng.uniform(-limit, limit, (2048, 10)).astype(np.float32), rng.uniform(-limit, limit, 10).astype(np.float32)

    def logits(w, images, old):
        new = {}

        def unit(i, c, x):
            name, size, _, _, stride = c
            kernel, scale, offset = w[f"{i}{name}"]
            x = jax.lax.conv_general_dilated(x, kernel, (stride, stride), [(size // 2, size // 2)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            m, v = old[f"{i}{name}"]
            new[f"{i}{name}"] = jax.lax.stop_gradient((m + families.MOMENTUM * (mean - m), v + families.MOMENTUM * (variance - v)))
            return (x - mean) * (scale * jax.lax.rsqrt(variance + families.NORM_EPSILON)) + offset

        x = jax.nn.relu(unit(0, plan[0][0], images.reshape(-1, 28, 28, 1)))
        for i, (a, b, c, *skip) in enumerate(plan[1:], 1):
            h = unit(i, c, jax.nn.relu(unit(i, b, jax.nn.relu(unit(i, a, x)))))
            x = jax.nn.relu(h + (unit(i, skip[0], x) if skip else x))
        kernel, bias = w["out"]
        return x.mean((1, 2)) @ kernel + bias, new
    return weights, statistics, logits


def make(flags, images, labels):
    if flags.threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    import jax
    import jax.numpy as jnp
    import optax
    images, labels = jnp.asarray(images), jnp.asarray(labels)

    @functools.cache
    def program(network, width, depth, seed, rate):
        r = types.SimpleNamespace(network=network, width=width, depth=depth, seed=seed)
        weights, statistics, logits = (resnet if network == "resnet" else recurrent)(r)
        optimizer = optax.adam(rate, eps=recipe.EPSILON)

        def loss_of(w, x, y, statistics):
            z, new = logits(w, x, statistics)
            return optax.softmax_cross_entropy_with_integer_labels(z, y).mean(), new

        @jax.jit
        def steps(weights, statistics, order, images, labels):
            def step(carry, batch):
                weights, statistics, state = carry
                (loss, statistics), grads = jax.value_and_grad(loss_of, has_aux=True)(weights, images[batch], labels[batch], statistics)
                updates, state = optimizer.update(grads, state)
                return (optax.apply_updates(weights, updates), statistics, state), loss
            last, losses = jax.lax.scan(step, (weights, statistics, optimizer.init(weights)), order)
            return last, losses
        return jax.tree.map(jnp.asarray, weights), jax.tree.map(jnp.asarray, statistics), steps

    def train(r):
        weights, statistics, steps = program(r.network, r.width, r.depth, r.seed, r.rate)
        start = time.perf_counter()
        _, losses = steps(weights, statistics, recipe.order(r, len(labels)), images, labels)
        loss = float(losses[0])
        return time.perf_counter() - start, loss

    return train


families.run(make)
