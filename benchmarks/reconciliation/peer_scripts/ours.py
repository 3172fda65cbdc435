"""Freeze, run, and the keys of all findings."""

# ruff: noqa: E402  (run as a script, the tree is put on the path first)
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

from benchmarks.reconciliation.bench import contracts, service

data, out = map(Path, sys.argv[1:3])
opened = service(out.with_suffix(".state"), contracts(data), {})
opened.snapshot("crimes", "source", by="bench")
opened.run("crimes", by="bench")
findings = [f for f in opened.findings("crimes") if f["class"] != "orphan"]
keys = [f["key"]["crime_id"] for f in findings]
out.write_text(json.dumps({"keys": [int(k) for k in keys if k is not None], "keyless": keys.count(None)}))
