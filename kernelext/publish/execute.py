"""Executes the notebook in the file that is the first argument and writes the executed
notebook to standard output. Before each code cell it writes a line "vgrad:NUMBER/TOTAL" to
standard error. A cell that fails ends the execution; the notebook then has the error."""
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

path, kernel, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3])
nb = nbformat.read(path, as_version=4)
total = sum(c.cell_type == "code" for c in nb.cells)
count = 0


def starting(cell, cell_index):
    global count
    if cell.cell_type == "code":
        count += 1
        print(f"vgrad:{count}/{total}", file=sys.stderr, flush=True)


for cell in nb.cells:
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
client = NotebookClient(nb, kernel_name=kernel, timeout=timeout, record_timing=False, on_cell_start=starting,
                        resources={"metadata": {"path": os.path.dirname(os.path.abspath(path))}})
try:
    client.execute()
except CellExecutionError:
    pass
sys.stdout.reconfigure(encoding="utf-8")
sys.stdout.write(nbformat.writes(nb) + "\n")
