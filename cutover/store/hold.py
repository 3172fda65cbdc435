"""Who performs in a programme folder: one process at a time, and its hold ends with it, however it ends.

A rehearsal keeps its own clock and its own stand-ins in the folder, so two of them cannot share it. Live runs do
not hold the folder: their runners take turns by a lease in the journal's database.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutover.core.errors import Refused

FILE = "performing.lock"
_ours: Counter[Path] = Counter()  # held by this process already: a demo that performs a run holds twice


@contextmanager
def held(state: Path, doing: str) -> Iterator[None]:
    """Hold the folder whose `state/` this is. Raises Refused at once, naming who holds it."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = (state / FILE).resolve()
    if _ours[path]:
        with _counted(path):
            yield
        return
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            who = file.read().strip() or "another process"
            raise Refused(
                f"{state.parent} is in use by {who}; `cutover serve` shows it, and when it has ended try again"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} ({doing})")
        file.flush()
        with _counted(path):
            yield
        file.truncate(0)


@contextmanager
def _counted(path: Path) -> Iterator[None]:
    _ours[path] += 1
    try:
        yield
    finally:
        _ours[path] -= 1
