"""Where a run keeps what it has read, so that after a kill the next one goes on instead of beginning again.

The folder of a run that answered is gone; that of one that died is taken over by the next. A lock that ends with
its process tells a dead run from a slow one.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from cutover.core.errors import Refused

_LOCK = "reading.lock"


@contextmanager
def resumable(runs: Path, run: int) -> Iterator[Path]:
    """The work folder of a run: what a dead run left, or a new one; removed once the run has come to its end."""
    runs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        work = next((left for left in sorted(runs.iterdir(), reverse=True) if _lock(left, held)), None)
        if work is None:
            work = runs / f"{run:04}"
            work.mkdir()
            _lock(work, held)
        _clear(runs, work)
        yield work
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder that only one process may read a side into. Raises Refused while another does."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        if not _lock(folder, held):
            raise Refused(f"a side is being read into {folder} by another process: wait until it has ended")
        yield


def _lock(folder: Path, held: ExitStack) -> bool:
    """Take a folder for ourselves; False while a living run has it."""
    file: IO[str] = held.enter_context((folder / _LOCK).open("a", encoding="utf-8"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _clear(runs: Path, work: Path) -> None:
    """Remove what other dead runs left: only the newest is gone on with."""
    for left in runs.iterdir():
        with ExitStack() as held:
            if left != work and _lock(left, held):
                shutil.rmtree(left, ignore_errors=True)
