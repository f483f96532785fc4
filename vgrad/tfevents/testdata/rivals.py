"""How long the rivals take: tensorboardX to write a histogram of 7,840 values and a scalar, EventAccumulator to read a folder.

    python rivals.py FOLDER    prints {"write_histogram": seconds, "write_scalar": seconds, "read": seconds}; the least of three
"""
import json
import sys
import tempfile
import time

import numpy as np
from tensorboard.backend.event_processing import event_accumulator as ea
from tensorboardX import SummaryWriter


def least(f):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


def main(dir):
    values = np.random.default_rng(0).normal(0, 0.1, 7840).astype(np.float32)
    with tempfile.TemporaryDirectory() as out:
        w = SummaryWriter(out)
        histogram = least(lambda: [w.add_histogram("w", values, i) for i in range(100)]) / 100
        scalar = least(lambda: [w.add_scalar("s", 0.5, i) for i in range(1000)]) / 1000
        w.close()
    read = least(lambda: ea.EventAccumulator(dir, {ea.SCALARS: 0, ea.HISTOGRAMS: 0, ea.TENSORS: 0}).Reload())
    print(json.dumps({"write_histogram": histogram, "write_scalar": scalar, "read": read}))


main(sys.argv[1])
