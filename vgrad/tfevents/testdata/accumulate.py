"""Prints what TensorBoard's EventAccumulator finds in a folder: {"scalars": {tag: [[step, value], …]}, "histograms": {tag: [[step, [[left,
right, count], …]], …]}, "hparams": {name: value}, "text": …}. Values are strings, so that NaN and infinities arrive."""
import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2


def main(dir):
    a = event_accumulator.EventAccumulator(dir, {event_accumulator.SCALARS: 0, event_accumulator.HISTOGRAMS: 0, event_accumulator.TENSORS: 0})
    a.Reload()
    found = {"scalars": {}, "histograms": {}, "hparams": {}, "text": ""}
    for tag in a.Tags()["scalars"]:
        found["scalars"][tag] = [[e.step, repr(e.value)] for e in a.Scalars(tag)]
    for tag in a.Tags()["histograms"]:
        found["histograms"][tag] = [[e.step, buckets(e.histogram_value)] for e in a.Histograms(tag)]
    for tag in a.Tags()["tensors"]:
        plugin = a.SummaryMetadata(tag).plugin_data
        if plugin.plugin_name == "hparams":
            data = plugin_data_pb2.HParamsPluginData.FromString(plugin.content)
            for name, value in data.session_start_info.hparams.items():
                found["hparams"][name] = str(getattr(value, value.WhichOneof("kind")))
        if plugin.plugin_name == "text":
            found["text"] = a.Tensors(tag)[0].tensor_proto.string_val[0].decode()
    print(json.dumps(found))


def buckets(h):
    lefts = [h.min] + list(h.bucket_limit)[:-1]
    return [[l, r, n] for l, r, n in zip(lefts, h.bucket_limit, h.bucket) if n]


main(sys.argv[1])
