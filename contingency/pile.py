"""The paper that waits, kept between two questions: only sheets that moved since are read anew.

Three thousand sheets cost a fifth of a second to read, and something is written every second of a busy day; so
the journal is asked which sheets moved, and those are looked at. What is kept is never older than the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import select

from contingency.rooms import SheetSeen, Stationery
from cutover.store.engine import reading
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from paper_capture.domain.sheet import sheet_stream

MOST = 5_000  # facts, from which on nobody asks which sheets they are of
MANY = 300  # sheets that moved, from which on all are read in one go
PREFIX = sheet_stream("")
T = TypeVar("T")


class Pile(Generic[T]):
    """The sheets in `stages`, as `see` sees each of them."""

    def __init__(
        self, journal: Journal, paper: Stationery, stages: Sequence[str], see: Callable[[SheetSeen], T]
    ) -> None:
        self._journal = journal
        self._paper = paper
        self._stages = tuple(stages)
        self._see = see
        self._kept: tuple[int, Mapping[str, tuple[str, T]]] | None = (
            None  # by serial: its stage, and what is seen
        )
        self._lock = Lock()

    def read(self, stages: Sequence[str] | None = None) -> list[T]:
        """What is seen now of the sheets in all its stages, or in some of them."""
        wanted = frozenset(stages or self._stages)
        return [item for stage, item in self._fresh().values() if stage in wanted]

    def _fresh(self) -> Mapping[str, tuple[str, T]]:
        with self._lock:
            head = self._journal.head().position
            known = self._kept
            moved = None if known is None or known[0] > head else self._moved(known[0], head)
            if known is None or moved is None or len(moved) > MANY:
                found: Mapping[str, tuple[str, T]] = {
                    s.serial: (s.stage, self._see(s)) for s in self._paper.sheets(self._stages)
                }
            else:
                found = self._mended(known[1], moved) if moved else known[1]
            self._kept = head, found
            return found

    def _mended(self, kept: Mapping[str, tuple[str, T]], moved: Sequence[str]) -> dict[str, tuple[str, T]]:
        found = {serial: one for serial, one in kept.items() if serial not in set(moved)}
        sheets = (self._paper.sheet(serial) for serial in moved)
        return found | {s.serial: (s.stage, self._see(s)) for s in sheets if s.stage in self._stages}

    def _moved(self, after: int, head: int) -> list[str] | None:
        """The serials of the sheets that moved behind a position; None when that is too much to ask."""
        if after == head:
            return []
        query = (
            select(j.c.stream).where(j.c.position > after).limit(MOST)
        )  # by position: the newest end of the journal
        with reading(self._journal.engine) as connection:
            streams = list(connection.execute(query).scalars())
        moved = {stream.removeprefix(PREFIX) for stream in streams if stream.startswith(PREFIX)}
        return sorted(moved) if len(streams) < MOST else None
