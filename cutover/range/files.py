"""What is wrong with the files that only a rehearsal reads: its cast and its faults."""

from __future__ import annotations

from pathlib import Path

from cutover.core.errors import Invalid, Problem
from cutover.range.cast import read_cast
from cutover.range.faults import read_fault_plan

READERS = {"cast.yaml": read_cast, "faults.yaml": read_fault_plan}


def rehearsal_problems(folder: Path, *, needed: bool) -> list[Problem]:
    """Every problem of the two files; a missing one is a problem only when they are `needed`."""
    found: list[Problem] = []
    for name, read in READERS.items():
        if not needed and not (folder / name).exists():
            continue
        try:
            read(folder / name)
        except Invalid as error:
            found += error.problems
    return found
