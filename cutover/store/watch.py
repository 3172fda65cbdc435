"""Has anybody else written since we last looked: asked several times a second, so it must cost next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from cutover.core.event import Recorded
from cutover.store.driver import say
from cutover.store.engine import reading
from cutover.store.journal import Journal
from cutover.store.listening import Ear


class Watch:
    """Looks at the journal's head; on SQLite only when the file's own counter says that somebody has written."""

    def __init__(self, journal: Journal, kept: Connection | None) -> None:
        self._journal, self._kept = journal, kept
        self._position = self._version = -1

    def heard(self, recorded: Sequence[Recorded]) -> None:
        """What this process wrote itself is no news."""
        self._position = max([self._position, *(fact.position for fact in recorded[-1:])])

    def hears(self, ear: Ear) -> bool | None:
        """Whether the database has told of what another process wrote; None: it tells no more, and is to be looked at."""
        return ear.hears_beyond(self._position)

    def has_moved(self) -> bool:
        """Whether anybody has written since this was last asked. Raises DatabaseAway."""
        if self._kept is not None:
            ((version,),) = say(self._kept, "PRAGMA data_version")
            if version == self._version:
                return False
            self._version = version
        before, self._position = self._position, self._journal.head().position
        return self._position != before


@contextmanager
def watching(journal: Journal) -> Iterator[Watch]:
    """A watch until the block ends; SQLite's counter is that of one connection, which is kept for it."""
    if journal.engine.dialect.name != "sqlite":
        yield Watch(journal, None)
        return
    with reading(journal.engine) as kept:
        yield Watch(journal, kept)
