"""datacompy on Polars, both registers in memory as it needs them."""

import json
import sys
from pathlib import Path

sys.path.pop(0)  # this folder has a file of the same name

import datacompy
import polars as pl

data, out = sys.argv[1:3]
source, target = (pl.read_parquet(f"{data}/{side}.parquet") for side in ("source", "target"))
compared = datacompy.PolarsCompare(source, target, join_columns=["crime_id"])
frames = (compared.df1_unq_rows, compared.df2_unq_rows, compared.all_mismatch())
keys = [key for frame in frames for key in frame["crime_id"].to_list()]
print(compared.report()[:2000])
with Path(out).open("w") as told:
    json.dump({"keys": [k for k in keys if k is not None], "keyless": keys.count(None)}, told)
