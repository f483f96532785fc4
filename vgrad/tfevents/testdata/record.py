"""Records what other programs write: testdata/<writer>/ has event files, testdata/<writer>.json the values that TensorBoard reads.

    pip install -r requirements.txt
    python record.py [FOLDER [WRITER...]]

The values come from TensorBoard's own loader, which converts all files to its newest form. Restarts are applied here as TensorBoard's
page applies them: a step replaces all values of its tag from this step on.
"""
import json
import os
import pathlib
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.util import tensor_util


def numbers(step):
    """Scalars of many magnitudes: some that are hard to keep."""
    return {"loss": 2.5 / (step + 1), "tiny": 1e-38 * (step + 1), "nan": float("nan"), "inf": float("-inf") if step else 1.0, "zero": 0.0}


def values(step):
    """Arrays for histograms: normal, nearly zero, all equal, all zero."""
    r = np.random.default_rng(step)
    return {"normal": r.normal(0, 1 + step, 1000), "small": r.normal(0, 1e-9, 100), "equal": np.full(10, 0.5), "zeros": np.zeros(10)}


STEPS = [0, 1, 2, 200]


def tensorflow1(dir):
    import tensorflow as tf
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        writer = v1.summary.FileWriter(dir)
        for step in STEPS:
            ops = [v1.summary.scalar(f"{k}_{step}", tf.constant(v)) for k, v in numbers(step).items()]
            ops += [v1.summary.histogram(f"{k}_{step}", tf.constant(v)) for k, v in values(step).items()]
            for op in ops:
                summary = v1.Summary.FromString(session.run(op))
                for value in summary.value:
                    value.tag = value.tag.removesuffix(f"_{step}")
                writer.add_summary(summary, step)
        writer.close()


def tensorflow2(dir):
    import tensorflow as tf
    with tf.summary.create_file_writer(dir).as_default():
        for step in STEPS:
            for k, v in numbers(step).items():
                tf.summary.scalar(k, v, step=step)
            for k, v in values(step).items():
                tf.summary.histogram(k, v, step=step)
            tf.summary.text("text", "words", step=step)
            tf.summary.image("image", np.zeros((1, 2, 2, 3)), step=step)


def restarted(dir):
    """A training that stops at step 6 and goes on from a checkpoint at step 4, in a file of its own."""
    import tensorflow as tf
    for n, steps in enumerate([range(0, 7), range(4, 10)]):
        with tf.summary.create_file_writer(dir, filename_suffix=f".{n}").as_default():
            for step in steps:
                tf.summary.scalar("loss", 10 * n + step, step=step)
                tf.summary.histogram("weights", np.arange(3) + n, step=step)
    for n, path in enumerate(sorted(pathlib.Path(dir).iterdir(), key=lambda p: p.name.split(".")[-2:])):
        path.rename(pathlib.Path(dir) / f"events.out.tfevents.{n}.host")


def clu(dir):
    """JAX's Common Loop Utils."""
    from clu import metric_writers
    writer = metric_writers.SummaryWriter(dir)
    for step in STEPS:
        writer.write_scalars(step, numbers(step))
        writer.write_histograms(step, values(step))
    writer.flush()


def lightning(dir):
    from lightning.pytorch.loggers import TensorBoardLogger
    logger = TensorBoardLogger(dir, name="", version="")
    for step in STEPS:
        logger.log_metrics(numbers(step), step=step)
        for k, v in values(step).items():
            logger.experiment.add_histogram(k, v, step)
    logger.finalize("success")
    for path in pathlib.Path(dir).glob("*.yaml"):
        path.unlink()


def pytorch(dir):
    from torch.utils.tensorboard import SummaryWriter
    torchlike(SummaryWriter(dir), modern=True)


def tensorboardx(dir):
    from tensorboardX import SummaryWriter
    torchlike(SummaryWriter(dir), modern=False)


def torchlike(writer, modern):
    for step in STEPS:
        for k, v in numbers(step).items():
            writer.add_scalar(k, v, step)
            if modern:
                writer.add_scalar(k + "_new", v, step, new_style=True)
                writer.add_scalar(k + "_double", v * 1e-30, step, new_style=True, double_precision=True)
        for k, v in values(step).items():
            writer.add_histogram(k, v, step)
    writer.add_text("text", "words")
    writer.close()


def read(dir):
    """The values by tag, as TensorBoard shows them: [step, value] or [step, [[left, right, count], …]]."""
    tags, plugins = {}, {}
    for path in sorted(pathlib.Path(dir).iterdir()):
        for event in event_file_loader.EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                plugin = plugins.setdefault(value.tag, value.metadata.plugin_data.plugin_name)
                if plugin not in ("scalars", "histograms"):
                    continue
                points = tags.setdefault(value.tag, [])
                while points and points[-1][0] >= event.step:
                    points.pop()
                array = tensor_util.make_ndarray(value.tensor).astype(np.float64)
                points.append([event.step, str(array.item()) if plugin == "scalars" else array.tolist()])
    return tags


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for writer in [tensorflow1, tensorflow2, restarted, pytorch, tensorboardx, clu, lightning]:
        if sys.argv[2:] and writer.__name__ not in sys.argv[2:]:
            continue
        dir = out / writer.__name__
        shutil.rmtree(dir, ignore_errors=True)
        try:
            writer(str(dir))
        except ImportError as e:
            sys.exit(f"{writer.__name__}: {e}; pip install -r requirements.txt")
        for n, path in enumerate(sorted(dir.iterdir())):
            path.rename(dir / f"events.out.tfevents.{n}.host")
        (out / f"{writer.__name__}.json").write_text(json.dumps(read(dir), separators=(",", ":")) + "\n")


main()
