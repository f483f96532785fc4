"""What the rivals share where the networks are recurrent or convolutional: part h.

A line of JSON asks for a network: lstm, gru or rnn, which read MNIST pixel by pixel with `width` units, or resnet, which is
ResNet-`depth` for images of 28x28. The answer has the seconds of `steps` steps, after compiling, and the loss of the first step.
"""
import math

import recipe

STAGES = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
MOMENTUM, NORM_EPSILON = 0.1, 1e-5


def resnet(depth):
    """The convolutions of a ResNet of bottlenecks: (name, size, inputs, outputs, stride), the stem first, then those of each block."""
    plan, inputs = [[("stem", 3, 1, 64, 1)]], 64
    for stage, blocks in enumerate(STAGES[depth]):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 0 else 1
            convolutions = [("a", 1, inputs, width, 1), ("b", 3, width, width, stride), ("c", 1, width, 4 * width, 1)]
            if block == 0:
                convolutions.append(("skip", 1, inputs, 4 * width, stride))
            plan.append(convolutions)
            inputs = 4 * width
    return plan


def run(make):
    def condensed(trained, validation, r):
        seconds, loss = trained
        assert math.isfinite(loss), loss
        return {"activation": r.network, "seed": r.seed, "seconds": seconds, "loss": loss}
    recipe.run(make, condensed)
