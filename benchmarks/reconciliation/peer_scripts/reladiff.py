"""reladiff's hashdiff between two tables of one server; its sorting of results crashes on NULL beside a value."""

import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.pop(0)  # this folder has a file of the same name

import reladiff

out, url = sys.argv[2:4]
socket = parse_qs(urlsplit(url).query)["host"][0]
database = {
    "driver": "postgresql",
    "user": "cutover",
    "password": "",
    "dbname": "postgres",
    "host": socket,
    "port": 5432,
}
columns = (
    "beat", "reported_at", "closed_at", "offence", "status", "surname", "forename", "address", "value_gbp", "score",
    "officer_id", "dob",
)  # fmt: skip
source, target = (
    reladiff.connect_to_table(database, side, "crime_id", extra_columns=columns)
    for side in ("source", "target")
)
found = reladiff.diff_tables(
    source,
    target,
    algorithm=reladiff.Algorithm.HASHDIFF,
    extra_columns=columns,
    skip_sort_results=True,
    validate_unique_key=False,
)
keys = [row[0] for _, row in found]
with Path(out).open("w") as told:
    json.dump(
        {
            "keys": [int(k) for k in keys if k not in (None, "None")],
            "keyless": sum(k in (None, "None") for k in keys),
        },
        told,
    )
