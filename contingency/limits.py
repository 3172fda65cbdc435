"""Watches every running limit, on paper and in the register, and has people told: once before, once when missed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency import register
from contingency.backlogs import WAITING
from contingency.domain.clocks import StatutoryClock
from contingency.domain.handover import RecordHandedOver, handover_stream
from contingency.domain.warnings import (
    WARNINGS,
    WARNINGS_STREAM,
    LimitsMissed,
    LimitsNear,
    RunningLimit,
    TellLimits,
    judged,
)
from contingency.files import PlayBook
from contingency.pile import Pile
from contingency.rooms import Stationery
from contingency.sheets import sheet_clocks
from cutover.core.clock import show
from cutover.core.event import Fact
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from cutover.store.outbox import PERSON, Message

WATCH = "limits watch"
SHOWN = 20  # clocks and places that a notice names one by one
BACK = timedelta(
    days=1
)  # a register item that was missed longer ago, while nobody watched, is in the reports


@dataclass(frozen=True, slots=True)
class LimitView:
    """One limit that runs, as people read it."""

    record: str
    title: str
    due_at: datetime
    status: str
    left: str


class LimitService:
    """The limits of one programme's paper and register."""

    def __init__(self, desk: Desk, book: PlayBook, paper: Stationery, programme: Programme) -> None:
        self.desk = desk
        self.book = book
        self.programme = programme
        self._pile = Pile(
            desk.journal, paper, WAITING, lambda s: (s.serial, s.station, sheet_clocks(s, book.clocks))
        )

    def tell(self, now: datetime | None = None) -> tuple[int, int]:
        """One look; how many people were newly warned of, and how many newly told missed. Asked twice it tells nothing."""
        at = now or self.desk.clock.now()
        near, missed = judged(self._untold(at), at)
        if not near and not missed:
            return 0, 0
        to, more = self._recipients()
        wish = TellLimits(
            by=WATCH, near=near, missed=missed, to=to, escalate_to=more, every=self.book.warnings.every
        )
        if not WARNINGS.decide(self.desk.state(WARNINGS, WARNINGS_STREAM), wish, at):
            return 0, 0
        facts = self.desk.ask(WARNINGS, WARNINGS_STREAM, wish, at=at)
        told = [fact.event for fact in facts]
        return (
            sum(len(one.limits) for one in told if isinstance(one, LimitsNear)),
            sum(len(one.limits) for one in told if isinstance(one, LimitsMissed)),
        )

    def running(self, limit: int = 50, now: datetime | None = None) -> list[LimitView]:
        """The limits that run, missed or not, the one due first first."""
        at = now or self.desk.clock.now()
        found = [(record, c) for record, _, c in self._running(at) if not c.stopped]
        found.sort(key=lambda pair: (pair[1].due_at, pair[0]))
        return [LimitView(r, c.title, c.due_at, c.status(at), c.left(at)) for r, c in found[:limit]]

    def _untold(self, now: datetime) -> Iterator[tuple[str, str, StatutoryClock]]:
        """Those of which not everything was told: of three thousand sheets that are late, none is looked at twice."""
        told = self.desk.state(WARNINGS, WARNINGS_STREAM)
        for record, place, clock in self._running(now):
            key = record, clock.rule, clock.due_at
            if key not in told.missed and (clock.due_at <= now or key not in told.near):
                yield record, place, clock

    def _running(self, now: datetime) -> Iterator[tuple[str, str, StatutoryClock]]:
        live = {
            fact.stream.removeprefix(handover_stream(""))
            for fact in self.desk.journal.all([RecordHandedOver.kind()])
        }
        for serial, station, clocks in self._pile.read():
            if serial not in live:  # whoever signed for it watches its clocks in the live system
                yield from ((serial, station, clock) for clock in clocks)
        before = self.book.warnings.before
        for item in register.due_between(self.desk.journal.engine, now - BACK, now + before):
            due = item.due_at
            if due is not None and item.found_at < due:  # one that was found late is told by whoever found it
                title = f"{item.item_type.replace('_', ' ')} of the register"
                yield item.key, "", StatutoryClock("register", title, item.occurred_at, due, due - before)

    def _recipients(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who is told, and who besides of what is missed; never nobody."""
        declared = self.book.warnings
        to = declared.to or self._with_role("supervisor") or ("supervisor",)
        more = declared.escalate_to or self._with_role("programme_manager") or ("programme_manager",)
        return to, more

    def _with_role(self, role: str) -> tuple[str, ...]:
        return tuple(person.id for person in self.programme.people if role in person.roles)


def limit_messages(facts: Sequence[Fact], stream: str, zone: str = "UTC") -> list[Message]:
    """A notice to each of those who are told, of all that one look found."""
    if stream != WARNINGS_STREAM:
        return []
    return [message for fact in facts for message in _messages(fact, zone)]


def _messages(fact: Fact, zone: str) -> Iterator[Message]:
    event = fact.event
    assert isinstance(event, LimitsNear | LimitsMissed)  # the stream holds nothing else
    missed = isinstance(event, LimitsMissed)
    lines = list(_lines(event.limits, zone))
    first = event.limits[0]
    of = (
        f"{first.title} of {first.record}" if len(event.limits) == 1 else f"{len(event.limits):,} time limits"
    )
    subject = f"MISSED: {of}" if missed else f"Falls due by {show(first.due_at, zone)}: {of}"
    of_these = hashlib.sha256(repr([one.key for one in event.limits]).encode()).hexdigest()[:12]
    for who in event.to:
        name = f"limits:{'missed' if missed else 'near'}:{of_these}:{who}"
        yield Message(name, PERSON, who, subject[:300], "\n".join(lines))


def _lines(limits: Sequence[RunningLimit], zone: str) -> Iterator[str]:
    """One line for each clock at each place, for that is where somebody goes; the one due first first."""
    together: dict[tuple[str, str], list[RunningLimit]] = {}
    for one in limits:
        together.setdefault((one.place, one.title), []).append(one)
    for (place, title), those in [*together.items()][:SHOWN]:
        due = f"due {show(those[0].due_at, zone)}"
        who = those[0].record if len(those) == 1 else f"{len(those):,}, the first {those[0].record}"
        yield f"{f'{place}: ' if place else ''}{title}: {who}, {due}"
    if (left := len(together) - SHOWN) > 0:
        yield f"and {left:,} more clocks and places"
    yield "all of them: cutover contingency limits"
