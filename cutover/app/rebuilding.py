"""Says that the views of an older programme are being rebuilt, and how far it has come: a bar on a terminal, log lines off one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

WORTH_SAYING = 5_000  # facts; fewer are read before anybody asks what goes on
WORDS = "the views are of another version: rebuilding them from the journal, once"


@contextmanager
def rebuilding(programme: Path) -> Iterator[Callable[[int, int], None]]:
    """Something to tell of each step, on stderr, so that what a command answers stays what it was."""
    if sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines(programme)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: list[TaskID] = []

    def tell(read: int, whole: int) -> None:
        if whole < WORTH_SAYING:
            return
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(WORDS, total=whole))
        bar.update(tasks[0], completed=read)

    try:
        yield tell
    finally:
        if tasks:
            bar.stop()


def _lines(programme: Path) -> Callable[[int, int], None]:
    log = structlog.get_logger().bind(programme=str(programme))

    def tell(read: int, whole: int) -> None:
        if whole < WORTH_SAYING:
            return
        if read == 0:
            log.info("views_rebuilding", why=WORDS, facts=whole)
        elif read >= whole:
            log.info("views_rebuilt", facts=read)
        else:
            log.info("views_rebuilding_goes_on", read=read, facts=whole)

    return tell
