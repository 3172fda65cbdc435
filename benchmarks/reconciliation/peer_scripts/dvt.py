"""google-pso-data-validator: a hash of every row of two tables of one server, matched by key."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

out, url = sys.argv[2:4]
os.environ["PSO_DV_CONN_HOME"] = str(Path(out).parent)
tool = [sys.executable, "-m", "data_validation"]
socket = parse_qs(urlsplit(url).query)["host"][0]
subprocess.run([*tool, "connections", "add", "-c", "register", "Postgres", "--host", socket, "--port", "5432", "--user", "cutover", "--password", "none", "--database", "postgres"], check=True)  # fmt: skip
asked = ["validate", "row", "-sc", "register", "-tc", "register", "-tbls", "public.source=public.target", "-pk", "crime_id", "--hash", "*", "--filter-status", "fail", "--format", "csv"]  # fmt: skip
with Path(out + ".csv").open("w") as said:
    subprocess.run([*tool, *asked], check=True, stdout=said)
with Path(out + ".csv").open(newline="") as said:
    keys = [json.loads(row["group_by_columns"] or "{}").get("crime_id") for row in csv.DictReader(said)]
known = [int(float(key)) for key in keys if key and str(key).lower() != "nan"]
with Path(out).open("w") as told:
    json.dump({"keys": known, "keyless": len(keys) - len(known)}, told)
