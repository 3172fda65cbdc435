"""The journal as it stood at a past moment: what had happened by then, read-only.

"Then" is when a thing happened, not when it was learnt. Of each stream the facts are kept in their order up to the
first that had not happened yet, so every fold of them is a state that was legal: a fact told late (paper, a station
off the line) is seen from the moment of whatever stands before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import takewhile

from sqlalchemy import ColumnElement

from cutover.core.clock import FixedClock, read_moment, show
from cutover.core.errors import Invalid, Problem, Refused
from cutover.core.event import Recorded
from cutover.store.desk import Desk
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from cutover.store.metadata import utc_text
from cutover.store.pen import Page, Pen


class AsOf(Journal):
    """A journal that ends at `moment` and takes nothing in."""

    def __init__(self, journal: Journal, moment: datetime) -> None:
        super().__init__(journal.engine, journal.catalogue, FixedClock(moment))
        self.moment = moment

    def writing(self) -> AbstractContextManager[Pen]:
        """Raises Refused: what has happened is not changed."""
        raise Refused(
            f"this is the journal as it was at {self.moment:%d %b %H:%M}Z: nothing is recorded in it"
        )

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        facts = takewhile(lambda fact: fact.at <= self.moment, super().read(stream))
        return [fact for fact in facts if fact.seq > after]

    def naming(self, stream: str, name: str, text: str, after: int = 0) -> list[Recorded]:
        reached = max((fact.seq for fact in self.read(stream)), default=0)
        return [fact for fact in super().naming(stream, name, text, after) if fact.seq <= reached]

    def pages(self, stream: str, after: int = 0) -> Iterator[Page]:
        for page in super().pages(stream):
            seen = list(takewhile(lambda fact: fact.at <= self.moment, page.facts))
            before = page.reached - len(page.facts)
            if fresh := seen[max(0, after - before) :]:
                yield Page(fresh, before + len(seen))
            if len(seen) < len(page.facts):
                return

    def tail(self, after: int = 0, limit: int = 1000, kinds: Sequence[str] = ()) -> list[Recorded]:
        return [fact for fact in super().tail(after, limit, kinds) if fact.at <= self.moment]

    @property
    def horizon(self) -> tuple[ColumnElement[bool], ...]:
        """Nothing that happened after the moment."""
        return (j.c.at <= utc_text(self.moment),)


def desk_as_of(desk: Desk, moment: datetime) -> Desk:
    """A desk of its own on the past: it shares no folded state with the live one."""
    return Desk(AsOf(desk.journal, moment), FixedClock(moment))


def past_moment(text: str, zone: str, now: datetime) -> datetime | None:
    """The moment that `text` names on the wall clock of `zone`; none for ''.

    Raises Invalid for a moment that is none, that happens twice, or that is still to come.
    """
    if not text:
        return None
    at = read_moment(text, zone)
    if at > now:
        expected = f"a moment up to now, {show(now, zone)}"
        raise Invalid(Problem(f"{show(at, zone)} is still to come", field="at", expected=expected))
    return at
