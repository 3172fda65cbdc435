"""What is wrong with the files that only a rehearsal reads: its cast and its faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid, Problem
from cutover.range.cast import read_cast
from cutover.range.faults import read_fault_plan
from cutover.range.place import SYSTEMS


def stood_in(folder: ProgrammeFolder) -> tuple[str, ...]:
    """The systems a rehearsal of this programme puts stand-ins in the place of: all it names, and the range's own."""
    try:
        named = folder.programme.systems
    except Invalid:  # said elsewhere, with its line
        named = {}
    return (*SYSTEMS, *(name for name in named if name not in SYSTEMS))


def rehearsal_problems(
    folder: ProgrammeFolder, *, needed: bool, faults: Path | None = None, cast: Path | None = None
) -> list[Problem]:
    """Every problem of the two files, by default the folder's own; a missing one is a problem only when they are `needed`."""
    readers: dict[Path, Callable[[Path], object]] = {
        cast or folder.path / "cast.yaml": read_cast,
        faults or folder.path / "faults.yaml": lambda path: read_fault_plan(path, stood_in(folder)),
    }
    found: list[Problem] = []
    for path, read in readers.items():
        if not needed and path.parent == folder.path and not path.exists():
            continue
        try:
            read(path)
        except Invalid as error:
            found += error.problems
    return found
