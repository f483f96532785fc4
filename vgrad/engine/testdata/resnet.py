"""Writes resnet.json: what PyTorch gives for small ResNets, for the test of vgrad's.

The weights, images and labels are formulas of their place, so the file needs only results:
the logits and the loss while training and in validation, the gradients, and for each
variable a central difference of the loss along a direction. All is float64.

    python resnet.py > resnet.json     # needs torch; the test needs only the file
"""
import json, math
import torch
from torch.nn import functional as F

torch.set_num_threads(1)  # the networks are tiny
torch.set_default_dtype(torch.float64)
EPSILON, MOMENTUM = 1e-5, 0.1


def wave(path, n):
    """n scattered numbers from -1 to 1 that depend on the path."""
    start = sum(ord(c) * (i + 1) for i, c in enumerate(path)) % 1000
    x = 43758.5453 * torch.sin(12.9898 * torch.arange(n) + start)
    return 2 * (x - x.floor()) - 1


class Net:
    """Counts layers, names variables as vgrad does, and makes them where they are first used."""

    def __init__(self, width, stages, bottleneck, cifar, skip):
        self.width, self.stages, self.bottleneck, self.cifar, self.skip = width, stages, bottleneck, cifar, skip
        self.v, self.training = {}, True

    def var(self, path, shape, start, spread):
        if path not in self.v:
            n = math.prod(shape)
            self.v[path] = (start + spread * wave(path, n)).reshape(shape).requires_grad_(not path.endswith(("mean", "variance")))
        return self.v[path]

    def norm(self, path, x):
        c = [x.shape[1]]
        return F.batch_norm(x, self.var(path + "/mean", c, 0, 0.2).clone(), self.var(path + "/variance", c, 1, 0.3).clone(),
                            self.var(path + "/scale", c, 1, 0.3), self.var(path + "/offset", c, 0, 0.3), self.training, MOMENTUM, EPSILON)

    def conv(self, path, x, out, size, stride):
        shape = [size, size, x.shape[1], out]
        w = self.var(path + "/weights", shape, 0, 1.5 / math.sqrt(size * size * x.shape[1]))
        return self.norm(path + "/norm", F.conv2d(x, w.permute(3, 2, 0, 1), stride=stride, padding=size // 2))

    def next(self):
        self.layer += 1
        return f"/layer{self.layer}"

    def block(self, x, width, stride):
        h, out = x, 4 * width if self.bottleneck else width
        if self.bottleneck:
            h = F.relu(self.conv(self.next(), h, width, 1, 1))
            h = F.relu(self.conv(self.next(), h, width, 3, stride))
            last = self.next()
            h = self.conv(last, h, out, 1, 1)
        else:
            h = F.relu(self.conv(self.next(), h, width, 3, stride))
            last = self.next()
            h = self.conv(last, h, out, 3, 1)
        if self.skip:
            if x.shape[1] != out or stride > 1:
                x = self.shortcut(last, x, out, stride)
            h = h + x
        return F.relu(h)

    def shortcut(self, last, x, out, stride):
        if self.cifar:
            return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, out - x.shape[1]))
        return self.conv(last + "/skip", x, out, 1, stride)

    def __call__(self, x):
        self.layer = 0
        if x.shape[2] >= 64:
            x = F.max_pool2d(F.relu(self.conv(self.next(), x, self.width, 7, 2)), 3, 2, 1)
        else:
            x = F.relu(self.conv(self.next(), x, self.width, 3, 1))
        for stage, blocks in enumerate(self.stages):
            for i in range(blocks):
                x = self.block(x, self.width << stage, 2 if i == 0 and stage > 0 else 1)
        x, last = x.mean((2, 3)), self.next()
        w = self.var(last + "/weights", [x.shape[1], 10], 0, 1 / math.sqrt(x.shape[1]))
        return x @ w + self.var(last + "/biases", [10], 0, 0.3)


def case(variant, side, channels, batch, **net):
    n = Net(**net)
    x = (wave("images", batch * side * side * channels) / 2 + 0.5).reshape(batch, side, side, channels).permute(0, 3, 1, 2)
    labels = torch.arange(batch) * 3 % 10
    loss = lambda: F.cross_entropy(n(x), labels)
    out = {"variant": variant, "side": side, "channels": channels, "batch": batch}
    for n.training in [False, True]:
        logits = n(x)
        out["training" if n.training else "validation"] = {"logits": logits.detach().flatten().tolist(), "loss": F.cross_entropy(logits, labels).item()}
    loss().backward()
    out["variables"] = {}
    with torch.no_grad():
        for path, v in n.v.items():
            if v.grad is None:
                continue
            along, h = wave(path + " direction", v.numel()).reshape(v.shape), 1e-8
            v += h * along
            above = loss().item()
            v -= 2 * h * along
            below = loss().item()
            v += h * along
            out["variables"][path] = {"norm": v.grad.norm().item(), "along": (v.grad * along).sum().item(), "difference": (above - below) / (2 * h),
                                      "size": v.numel()}
    return out


print(json.dumps([
    case("depth=18 width=2", 16, 1, 4, width=2, stages=[2, 2, 2, 2], bottleneck=False, cifar=False, skip=True),
    case("depth=18 width=2 skip=false", 16, 1, 4, width=2, stages=[2, 2, 2, 2], bottleneck=False, cifar=False, skip=False),
    case("depth=50 width=2", 14, 3, 4, width=2, stages=[3, 4, 6, 3], bottleneck=True, cifar=False, skip=True),
    case("depth=14 width=4", 15, 3, 4, width=4, stages=[2, 2, 2], bottleneck=False, cifar=True, skip=True),
    case("depth=18 width=2", 64, 3, 2, width=2, stages=[2, 2, 2, 2], bottleneck=False, cifar=False, skip=True),
], indent=None).replace('}, "', '},\n"'))
