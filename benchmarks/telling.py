"""How a benchmark hands a figure to the harness: one line of JSON; without a harness it only prints what it prints."""

from __future__ import annotations

import json
import os
from pathlib import Path

PLACE = "CUTOVER_BENCHMARK_FIGURES"  # the file that the harness reads when the benchmark has ended


def figure(name: str, value: float, note: str = "") -> None:
    """One figure under the name it has in benchmarks.yaml, in the unit that stands there."""
    if place := os.environ.get(PLACE):
        with Path(place).open("a", encoding="utf-8") as out:
            out.write(json.dumps({"figure": name, "value": float(value), "note": note}) + "\n")


def size(axis: str, count: int, cpu: float, mib: float) -> None:
    """One size of a benchmark that takes several in one run, for the drawing of its growth."""
    if place := os.environ.get(PLACE):
        with Path(place).open("a", encoding="utf-8") as out:
            out.write(json.dumps({"axis": axis, "size": count, "cpu": cpu, "mib": mib}) + "\n")
