"""The article's recipe in PyTorch.

Variants: "eager", as it is usually written; "compile", the whole step as one function through torch.compile; "together", all
seeds side by side through torch.func.vmap.
"""
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import recipe

ACTIVATIONS = {"sigmoid": lambda r: nn.Sigmoid(), "relu": lambda r: nn.ReLU(), "leaky_relu": lambda r: nn.LeakyReLU(r.slope)}


def network(r):
    layers = []
    for w, _ in recipe.initial(r):
        dense = nn.Linear(*w.shape)
        with torch.no_grad():
            dense.weight.copy_(torch.from_numpy(w.T))
            dense.bias.zero_()
        layers += [dense, ACTIVATIONS[r.activation](r)]
    return nn.Sequential(*layers[:-1])


def eager(r, images, labels):
    """Returns the model and a function that takes one step and returns sum |dL/dW| of each layer."""
    model = network(r)
    weights = [m.weight for m in model if isinstance(m, nn.Linear)]
    optimizer = torch.optim.Adam(model.parameters(), lr=r.rate, eps=recipe.EPSILON, fused=True)

    def step(batch):
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        sums = torch._foreach_norm([w.grad for w in weights], 1)  # faster than a mean for each
        optimizer.step()
        return torch.stack(sums)

    return model, step


def compiled(r, images, labels):
    """The same as one function of its state, with Adam written out: what torch.compile makes the most of."""
    model = network(r)
    parameters = dict(model.named_parameters())
    state = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in parameters.items()}
    count = torch.zeros(())

    def loss_of(parameters, x, y):
        return F.cross_entropy(torch.func.functional_call(model, parameters, x), y)

    @torch.compile(fullgraph=True, dynamic=False)
    def update(batch):
        grads = torch.func.grad(loss_of)(parameters, images[batch], labels[batch])
        count.add_(1)
        for name, g in grads.items():
            m, v = state[name]
            m.lerp_(g, 0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            root = (v / (1 - 0.999 ** count)).sqrt()
            parameters[name].sub_(r.rate / (1 - 0.9 ** count) * m / (root + recipe.EPSILON))
        return torch.stack([g.abs().sum() for g in grads.values() if g.ndim == 2])

    def step(batch):
        with torch.no_grad():
            return update(batch)

    return model, step


def together(rs, images, labels):
    """Trains all of rs as one stack of models: PyTorch's way to train an ensemble."""
    models = [network(r) for r in rs]
    parameters, _ = torch.func.stack_module_state(models)
    optimizer = torch.optim.Adam(parameters.values(), lr=rs[0].rate, eps=recipe.EPSILON, fused=True)

    def loss_of(parameters, x, y):
        return F.cross_entropy(torch.func.functional_call(models[0], parameters, x), y)

    grads_of = torch.func.vmap(torch.func.grad(loss_of))
    values = {name: p.detach() for name, p in parameters.items()}  # the same memory, without a second derivative
    start = time.perf_counter()
    order = torch.from_numpy(np.stack([recipe.order(r, len(labels)) for r in rs], 1))
    means = []
    for batch in order:  # [seeds, batch]
        grads = grads_of(values, images[batch], labels[batch])
        for name, p in parameters.items():
            p.grad = grads[name]
        means.append(torch.stack([g.abs().mean((1, 2)) for g in grads.values() if g.ndim == 3], 1))
        optimizer.step()
    means = torch.stack(means, 1).numpy()  # [seeds, steps, layers]
    seconds = (time.perf_counter() - start) / len(rs)
    stacks = [p.numpy() for p in values.values()]
    return [(seconds, means[i], [(w[i].T, b[i]) for w, b in zip(stacks[::2], stacks[1::2])]) for i in range(len(rs))]


def make(flags, images, labels):
    if flags.threads:
        torch.set_num_threads(flags.threads)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()
    if flags.variant == "together":
        flags.together = True
        return lambda rs: together(rs, images, labels)
    build = compiled if flags.variant == "compile" else eager

    def train(r):
        model, step = build(r, images, labels)
        if flags.variant == "compile":
            step(torch.zeros(r.batch, dtype=torch.int32))  # compiles
            model, step = build(r, images, labels)
        start = time.perf_counter()
        sums = torch.stack([step(batch) for batch in torch.from_numpy(recipe.order(r, len(labels)))])
        layers = [m for m in model if isinstance(m, nn.Linear)]
        means = (sums / torch.tensor([m.weight.numel() for m in layers])).numpy()
        seconds = time.perf_counter() - start
        return seconds, means, [(m.weight.detach().numpy().T, m.bias.detach().numpy()) for m in layers]

    return train


recipe.run(make)
