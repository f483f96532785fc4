"""The networks of part h in PyTorch, as its users write them: nn.LSTM, nn.GRU, nn.RNN; nn.Conv2d and nn.BatchNorm2d."""
import time

import torch
from torch import nn
from torch.nn import functional as F

import families
import recipe


class Recurrent(nn.Module):
    def __init__(self, r):
        super().__init__()
        self.recurrent = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[r.network](1, r.width)
        self.out = nn.Linear(r.width, 10)

    def forward(self, images):  # [batch, 784]
        states, _ = self.recurrent(images.T.unsqueeze(2))
        return self.out(states[-1])


class Convolution(nn.Module):
    def __init__(self, size, inputs, outputs, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))


class ResNet(nn.Module):
    def __init__(self, r):
        super().__init__()
        self.blocks = nn.ModuleList(nn.ModuleDict({name: Convolution(*c) for name, *c in block}) for block in families.resnet(r.depth))
        self.out = nn.Linear(2048, 10)

    def forward(self, images):
        stem, *blocks = self.blocks
        x = F.relu(stem["stem"](images.view(-1, 1, 28, 28)))
        for b in blocks:
            h = b["c"](F.relu(b["b"](F.relu(b["a"](x)))))
            x = F.relu(h + (b["skip"](x) if "skip" in b else x))
        return self.out(x.mean((2, 3)))


def make(flags, images, labels):
    if flags.threads:
        torch.set_num_threads(flags.threads)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()

    def train(r):
        torch.manual_seed(r.seed)
        model = ResNet(r) if r.network == "resnet" else Recurrent(r)
        optimizer = torch.optim.Adam(model.parameters(), lr=r.rate, eps=recipe.EPSILON, fused=True)
        losses = []
        start = time.perf_counter()
        for batch in torch.from_numpy(recipe.order(r, len(labels))):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return time.perf_counter() - start, losses[0].item()

    return train


families.run(make)
