"""Waits until something was written to the journal, or a moment comes, on the run's own clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from cutover.core.clock import Pace
from cutover.core.errors import CutoverError
from cutover.core.event import Recorded
from cutover.store.journal import Journal
from cutover.store.listening import Ear, listen
from cutover.store.watch import Watch, watching

LISTEN_AGAIN = 10.0  # real seconds between two tries to be told by the database
QUIET = 4.0  # real seconds after which the one who waits is woken though nothing was written


class News:
    """What is written by this process wakes at once, and so does what others write where the database tells of it.

    Where it does not, and while it cannot, other processes are looked after every `look` real seconds. A look is next
    to nothing and wakes nobody: who waits for people all night is not woken five times a second.
    """

    def __init__(self, look: float) -> None:
        self.look = look
        self._journal: Journal | None = None
        self._ear: Ear | None = None
        self._listen_again = 0.0
        self._told = asyncio.Event()
        self._watch: Watch | None = None
        self._trouble: CutoverError | None = None

    def tell(self) -> None:
        self._told.set()

    def forget(self) -> None:
        """Before looking: what is told from now on is news."""
        self._told.clear()

    @contextmanager
    def heard_from(self, journal: Journal) -> Iterator[None]:
        """Hear what any thread of this process writes, until the block ends."""
        loop = asyncio.get_running_loop()

        def heard(recorded: Sequence[Recorded]) -> None:
            if recorded:
                watch.heard(recorded)
                loop.call_soon_threadsafe(self._told.set)

        with watching(journal) as watch:
            self._journal, self._watch = journal, watch
            journal.listeners.append(heard)
            try:
                yield
            finally:
                self._stop_listening()
                self._journal = self._watch = None
                journal.listeners.remove(heard)

    async def wait(self, pace: Pace, until: datetime | None, quiet: float = QUIET) -> None:
        """Until something was written, `until` has come, or `quiet` real seconds have gone by. Raises DatabaseAway."""
        await asyncio.sleep(0)  # whoever was just told to begin begins
        if self._told.is_set():
            return
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._told.wait())]
        if until is not None:
            waits.append(asyncio.ensure_future(pace.sleep_until(until)))
        self._listen()
        looking = asyncio.get_running_loop().call_later(self.look, self._look, waits[0])
        try:
            await asyncio.wait(waits, timeout=quiet, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when the one who waits is cancelled
            looking.cancel()
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble

    def _look(self, waits: asyncio.Future[object]) -> None:
        """Wake who waits when another process has written, or when that cannot be told; else look again later."""
        if waits.done():
            return
        try:
            moved = self._ear is None and (self._watch is None or self._watch.has_moved())
        except CutoverError as trouble:
            self._trouble, moved = trouble, True
        if moved:
            self._told.set()
        else:
            asyncio.get_running_loop().call_later(self.look, self._look, waits)

    def _listen(self) -> None:
        """Be told from now on, where that is possible; tried again now and then."""
        if self._ear is not None or self._journal is None or time.monotonic() < self._listen_again:
            return
        self._listen_again = time.monotonic() + LISTEN_AGAIN
        if (ear := listen(self._journal.engine)) is None:
            return
        self._ear = ear
        asyncio.get_running_loop().add_reader(ear.line, self._hear)
        self._told.set()  # what was written before anybody listened is seen now

    def _hear(self) -> None:
        if self._ear is None or self._watch is None:
            return
        heard = self._watch.hears(self._ear)
        if heard is None:
            self._stop_listening()  # from now on it is looked
        elif heard:
            self._told.set()

    def _stop_listening(self) -> None:
        if self._ear is not None:
            asyncio.get_running_loop().remove_reader(self._ear.line)
            self._ear.close()
        self._ear = None
