"""Stations, viewers, probes and back-conversion at once, for a few seconds: nothing is lost, twice or out of order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = {"minutes": 0.2, "stations": 4, "people": 8, "probes": 60, "records": 40, "forms": 60}


@pytest.mark.real
@pytest.mark.timeout(300)
def test_some_seconds_of_everything_loses_nothing(tmp_path: Path) -> None:
    words = [word for name, value in SMALL.items() for word in (f"--{name}", str(value))]
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", *words, "--database", "sqlite", "--whole"],
        cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    said = told.stdout + told.stderr
    assert "60 forms in the journal of 60 told, 0 stations not whole and in order" in said, said
    assert "40 of 40 records in the target, 0 of them twice" in said, said
    assert "changes never seen by somebody: 0; faults: none" in said, said
    assert re.search(r"[\d,]+ facts: the chain holds", said), said
    assert told.returncode == 0, said
