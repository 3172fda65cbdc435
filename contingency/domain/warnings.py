"""Which running limits somebody must be told of now: once before each falls due, and once when it is missed.

Theory: a limit is the pair of a record and a rule with the moment it falls due; a review that was held has a new
moment and is a new limit. Of each limit people are warned once and told once that it is missed; whoever was not
watching when the warning was due hears of the miss alone. Nothing stops a limit but what its rule says: not a system
that is off, not paper. One fact holds all that one look found, and looks that follow one another closely are told
together, so a pile that runs out is a few notices and not thousands. How closely is said by the limits themselves: a
day's limit that is warned of four hours before is as well told two hours before, a review of an hour is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import Field

from contingency.domain.clocks import ClockStatus, StatutoryClock
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine
from cutover.domain.programme import Id, Part, Span

WARNINGS_STREAM = "time-limits"


class Warnings(Part):
    """Who is told of time limits. Nobody named: the supervisors, and of a missed limit the programme managers too."""

    to: tuple[Id, ...] = Field(
        default=(), description="who is told before a limit falls due, and when it is missed"
    )
    escalate_to: tuple[Id, ...] = Field(default=(), description="who is told besides once it is missed")
    before: Span = Field(
        default=timedelta(hours=4), description="how long before its limit a register item is warned of"
    )
    every: Span = Field(
        default=timedelta(minutes=30),
        description="at most one notice of each kind in so long, or in half the time that the clock warns before; a warning of what falls due sooner does not wait",
    )


class RunningLimit(Part):
    """One limit of one record. `patience` is how long its telling may wait for others: half the time it is warned before."""

    record: str
    rule: str
    title: str
    due_at: datetime
    place: str = ""
    patience: Span = timedelta(0)

    @property
    def key(self) -> tuple[str, str, datetime]:
        return self.record, self.rule, self.due_at


class _Told(Event):
    to: tuple[str, ...]
    limits: tuple[RunningLimit, ...]


class LimitsNear(_Told):
    """These fall due soon, and people were told."""


class LimitsMissed(_Told):
    """These were missed, and people were told, with those to whom it is escalated."""


class TellLimits(Command):
    """All that is near and all that is missed at one look; what was told of before is left out."""

    near: tuple[RunningLimit, ...]
    missed: tuple[RunningLimit, ...]
    to: tuple[str, ...] = Field(min_length=1)
    escalate_to: tuple[str, ...] = ()
    every: timedelta = timedelta(0)


EVENTS = (LimitsNear, LimitsMissed)
Key = tuple[str, str, datetime]


@dataclass(frozen=True, slots=True)
class WarningState:
    """Of which limits people were warned, and of which told that they are missed."""

    near: frozenset[Key] = field(default_factory=frozenset)
    missed: frozenset[Key] = field(default_factory=frozenset)
    near_at: datetime | None = None
    missed_at: datetime | None = None


def decide(state: WarningState, command: Command, now: datetime) -> Sequence[Event]:
    if not isinstance(command, TellLimits):
        raise Refused(f"time limits: {type(command).__name__} is not possible")
    missed = tuple(one for one in command.missed if one.key not in state.missed)
    near = tuple(one for one in command.near if one.key not in state.near | state.missed)
    hurry = any(one.due_at - now <= command.every for one in near)
    events: list[Event] = []
    if missed and _is_time(missed, state.missed_at, command.every, now):
        more = tuple(one for one in command.escalate_to if one not in command.to)
        events.append(LimitsMissed(to=(*command.to, *more), limits=missed))
    if near and (hurry or _is_time(near, state.near_at, command.every, now)):
        events.append(LimitsNear(to=command.to, limits=near))
    return events


def _is_time(untold: Sequence[RunningLimit], last: datetime | None, every: timedelta, now: datetime) -> bool:
    """A crowd of limits makes few notices: the next one tells all that came meanwhile. With `every` of 0 none waits."""
    return last is None or now - last >= min(max(every, one.patience) if every else every for one in untold)


def evolve(state: WarningState, fact: Fact) -> WarningState:
    assert isinstance(fact.event, _Told)  # the stream holds nothing else
    keys = frozenset(one.key for one in fact.event.limits)
    if isinstance(fact.event, LimitsMissed):
        return replace(state, missed=state.missed | keys, missed_at=fact.at)
    return replace(state, near=state.near | keys, near_at=fact.at)


WARNINGS = Machine("time limits", WarningState(), decide, evolve)


def judged(
    clocks: Iterable[tuple[str, str, StatutoryClock]], now: datetime
) -> tuple[tuple[RunningLimit, ...], tuple[RunningLimit, ...]]:
    """Which limits of these records (each with its place) are near, and which are missed; the one due first first."""
    near: list[RunningLimit] = []
    missed: list[RunningLimit] = []
    for record, place, clock in clocks:
        status = clock.status(now)
        if status in (ClockStatus.WARNING, ClockStatus.BREACHED):
            limit = RunningLimit(
                record=record, rule=clock.rule, title=clock.title, due_at=clock.due_at, place=place,
                patience=(clock.due_at - clock.warn_at) / 2,
            )  # fmt: skip
            (near if status is ClockStatus.WARNING else missed).append(limit)
    return tuple(sorted(near, key=_by_due)), tuple(sorted(missed, key=_by_due))


def _by_due(limit: RunningLimit) -> tuple[datetime, str, str]:
    return limit.due_at, limit.record, limit.rule
