"""Reads tables with pandas and polars, one line each, and prints what they find as JSON: the number of rows, the sum of the values of
mean_abs_grad, the values that are not finite, and the sum of the counts.

    python read.py FILE.parquet FILE.csv FILE.jsonl
"""
import json
import sys

import pandas
import polars

parquet, csv, jsonl = sys.argv[1:]
frames = {
    "pandas parquet": pandas.read_parquet(parquet),
    "pandas csv": pandas.read_csv(csv),
    "pandas jsonl": pandas.read_json(jsonl, lines=True),
    "polars parquet": polars.read_parquet(parquet).to_pandas(),
    "polars csv": polars.read_csv(csv, infer_schema_length=None).to_pandas(),
    "polars jsonl": polars.read_ndjson(jsonl, infer_schema_length=None).to_pandas(),
}


def summary(name, f):
    weights = f[f.quantity == "mean_abs_weight"]
    infinite = (f.value.abs() == float("inf")).sum()
    if "jsonl" in name:  # pandas makes numbers of the words inf and -inf
        infinite = (f.special.astype(str).str.endswith("inf") & f["count"].isna()).sum()
    return {"rows": len(f), "weights": weights.groupby("layer").value.mean().tolist(), "infinite": int(infinite), "count": int(f["count"].sum()),
            "depths": sorted(f.depth.unique().tolist())}


print(json.dumps({name: summary(name, f) for name, f in frames.items()}))
