"""What one writes in an afternoon: a full outer join on the key, and every column compared, in what memory there is or is given."""

import json
import sys
from pathlib import Path

import duckdb

data, out, _, memory = sys.argv[1:5]
with duckdb.connect(
    config={"threads": 2, "preserve_insertion_order": False, "temp_directory": out + ".spill"}
) as db:
    if memory:
        db.execute(f"SET memory_limit = '{memory}'")
    columns = [row[0] for row in db.execute(f"DESCRIBE FROM '{data}/source.parquet'").fetchall()]
    differ = ", ".join(f"s.{c} IS DISTINCT FROM t.{c} AS {c}" for c in columns)
    found = db.execute(f"""
        SELECT coalesce(s_key, t_key), * FROM (
            SELECT s.crime_id AS s_key, t.crime_id AS t_key, {differ}
            FROM '{data}/source.parquet' s FULL JOIN '{data}/target.parquet' t ON s.crime_id = t.crime_id)
        WHERE {" OR ".join(columns)}""").fetchall()
keys = [row[0] for row in found]
with Path(out).open("w") as told:
    json.dump({"keys": [k for k in keys if k is not None], "keyless": keys.count(None)}, told)
