"""fastrecon as it comes, but for its limit of 100 rows shown, which would hide most of what it found."""

import json
import sys
from pathlib import Path

sys.path.pop(0)  # this folder has a file of the same name

import fastrecon

data, out = sys.argv[1:3]
result = fastrecon.compare(
    fastrecon.ParquetFile(f"{data}/source.parquet"), fastrecon.ParquetFile(f"{data}/target.parquet"),
    keys=["crime_id"], config=fastrecon.ReconConfig(sample_limit=1_000_000),
)  # fmt: skip
print(result.to_text(detail="summary"), {k: v[:1] for k, v in result.sample_mismatches.items()})
keys = [
    row.get("crime_id", row.get("crime_id__left"))
    for rows in result.sample_mismatches.values()
    for row in rows
]
with Path(out).open("w") as told:
    json.dump({"keys": [int(k) for k in keys if k is not None], "keyless": keys.count(None)}, told)
