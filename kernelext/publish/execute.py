"""Executes the notebook that standard input has and writes what came of it to standard
output, as JSON: "cells" with the outputs and the execution count of each code cell, in
order; the notebook's "metadata" that the kernel sets; and, if a cell did not end, "stopped"
with its number, the reason and what was said. Before each code cell it writes a line
"vgrad:NUMBER/TOTAL" to standard error. A cell that fails ends the execution, and its
outputs have the error. Arguments: the folder to execute in, the kernel, the limit of a cell
in seconds."""
import json
import re
import sys

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4.rwbase import split_lines

folder, kernel, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3])
nb = nbformat.reads(sys.stdin.buffer.read().decode("utf-8"), as_version=4)
before = json.dumps(nb.metadata, sort_keys=True)
codes = [c for c in nb.cells if c.cell_type == "code"]
count = 0


def starting(cell, cell_index):
    global count
    if cell.cell_type == "code":
        count += 1
        print(f"vgrad:{count}/{len(codes)}", file=sys.stderr, flush=True)


def joined(outputs):
    """Joins streams of the same name that follow each other, as JupyterLab does."""
    joint = []
    for o in outputs:
        last = joint[-1] if joint else None
        if last and o.output_type == last.output_type == "stream" and o.name == last.name:
            last.text += o.text
        else:
            joint.append(o)
    return joint


def skipped(cell):
    return "skip-execution" in cell.metadata.get("tags", [])


for cell in codes:
    if not skipped(cell):
        cell.outputs, cell.execution_count = [], None
client = NotebookClient(nb, kernel_name=kernel, timeout=timeout, record_timing=False, on_cell_start=starting,
                        resources={"metadata": {"path": folder}})
stopped = None
try:
    client.execute()
except CellExecutionError:
    pass
except CellTimeoutError:
    stopped = {"cell": count, "why": "time", "said": ""}
except DeadKernelError as e:
    stopped = {"cell": count, "why": "dead", "said": str(e)}
except NoSuchKernel as e:
    stopped = {"cell": 0, "why": "kernel", "said": str(e)}
for cell in codes:
    cell.outputs = joined(cell.outputs)
split_lines(nb)
result = {
    "cells": [None if skipped(c) else {"outputs": c.outputs, "execution_count": c.execution_count} for c in codes],
    "metadata": {k: nb.metadata[k] for k in ("language_info", "widgets")
                 if k in nb.metadata and before != json.dumps(nb.metadata, sort_keys=True)},
    "stopped": stopped,
}
text = json.dumps(result, sort_keys=True, ensure_ascii=False, allow_nan=False)
# Half a surrogate pair has no UTF-8; JSON can say it in ASCII.
text = re.sub("[\ud800-\udfff]", lambda m: "\\u%04x" % ord(m[0]), text)
sys.stdout.buffer.write(text.encode("utf-8") + b"\n")
