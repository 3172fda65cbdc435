"""Who was looked up a moment ago: a crowd of open pages is not looked up again for each fact of the journal.

Only what is read without acting is answered by it: whoever acts is always looked up.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic

from cutover.web.visitor import Visitor

SECONDS = 30.0  # how long somebody whose session has ended elsewhere may go on reading
MOST = 5_000
Brought = tuple[str, str]  # what the browser brought: a session, a public link


class Recent:
    """Visitors by what their browsers brought, for `SECONDS`."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._known: OrderedDict[Brought, tuple[float, Visitor]] = OrderedDict()
        self._lock = Lock()

    def note(self, brought: Brought, visitor: Visitor) -> None:
        with self._lock:
            spread = 1 - zlib.crc32(brought[0].encode()) % 512 / 1024  # a crowd is not looked up all at once
            self._known[brought] = self._seconds() + SECONDS * spread, visitor
            self._known.move_to_end(brought)
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def of(self, brought: Brought) -> Visitor | None:
        until, visitor = self._known.get(brought, (0.0, None))
        return visitor if until > self._seconds() else None

    def forget(self, session: str) -> None:
        """Who has signed out is nobody at once."""
        with self._lock:
            for brought in [one for one in self._known if one[0] == session]:
                del self._known[brought]
