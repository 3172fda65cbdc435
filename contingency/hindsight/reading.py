"""What a look back reads, once: the facts since the run began, and every life that bears on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.domain.backlog import EVENTS as ITEM_EVENTS
from contingency.domain.backlog import ITEM, ItemState
from contingency.domain.handover import RecordHandedOver, handover_stream
from contingency.domain.incidents import EVENTS as INCIDENT_EVENTS
from contingency.domain.incidents import INCIDENT, IncidentState
from contingency.domain.issues import EVENTS as ISSUE_EVENTS
from contingency.domain.issues import ISSUE, IssueState
from contingency.sources import Seen, Sources
from contingency.trail import Life, lives
from cutover.core.event import Event, Recorded
from cutover.domain import modes
from cutover.domain.modes import COMPONENT, ComponentState, Mode
from cutover.domain.programme import Programme
from cutover.store.journal import Journal
from monitors.domain.flow_events import FlowAlarmClosed, FlowAlarmRaised, FlowAlarmTaken, FlowCleared
from monitors.domain.health import AlertAcknowledged, CheckRecovered, CheckWentHard
from runbooks.domain.reviewing.review import Review

ALARMS: tuple[type[Event], ...] = (
    CheckWentHard, CheckRecovered, AlertAcknowledged, FlowAlarmRaised, FlowAlarmTaken, FlowAlarmClosed, FlowCleared,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stretch:
    """A component in one mode: from when, until when (None: still), on whose word, why."""

    component: str
    mode: Mode
    begins: datetime
    ends: datetime | None
    by: str
    reason: str

    def lasted(self, now: datetime) -> timedelta:
        return (self.ends or now) - self.begins


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that a look back tells, as it stood at `now`. `handed_over`: when a sheet's record went live, by serial."""

    seen: Seen
    began: datetime
    stretches: tuple[Stretch, ...]
    alarms: tuple[Recorded, ...]
    incidents: tuple[Life[IncidentState], ...]
    items: tuple[Life[ItemState], ...]
    issues: tuple[Life[IssueState], ...]
    handed_over: Mapping[str, datetime]

    @property
    def now(self) -> datetime:
        return self.seen.now

    @property
    def programme(self) -> Programme:
        return self.seen.programme

    def name(self, who: str) -> str:
        return self.programme.name_of(who) if who else ""

    @property
    def outages(self) -> list[Stretch]:
        """Every stretch in which a component was not live."""
        return [stretch for stretch in self.stretches if stretch.mode is not Mode.LIVE]


def read(sources: Sources, review: Review, now: datetime) -> Past:
    """The past of the programme since the reviewed run began. Reads every room once."""
    journal, began = sources.journal, review.began
    return Past(
        seen=sources.look(now),
        began=began,
        stretches=tuple(_stretches(journal, began)),
        alarms=tuple(fact for fact in journal.all([kind.kind() for kind in ALARMS]) if fact.at >= began),
        incidents=_since(lives(journal, INCIDENT, INCIDENT_EVENTS), began),
        items=tuple(lives(journal, ITEM, ITEM_EVENTS)),
        issues=tuple(lives(journal, ISSUE, ISSUE_EVENTS)),
        handed_over={
            fact.stream.removeprefix(handover_stream("")): fact.at
            for fact in journal.all([RecordHandedOver.kind()])
        },
    )


def _since(all_: Iterable[Life[IncidentState]], began: datetime) -> tuple[Life[IncidentState], ...]:
    return tuple(life for life in all_ if life.last.at >= began)


def _stretches(journal: Journal, began: datetime) -> Iterator[Stretch]:
    """The modes of each component one after another, those that ended before `began` left out."""
    last: dict[str, tuple[ComponentState, datetime]] = {}
    for fact in journal.all([kind.kind() for kind in modes.EVENTS]):
        name = fact.stream.partition(":")[2]
        before = last.get(name)
        if before is not None and fact.at >= began:
            yield _stretch(name, *before, fact.at)
        state = COMPONENT.evolve(before[0] if before else COMPONENT.start, fact)
        last[name] = state, fact.at
    yield from (_stretch(name, state, at, None) for name, (state, at) in last.items())


def _stretch(name: str, state: ComponentState, at: datetime, ends: datetime | None) -> Stretch:
    return Stretch(name, state.mode, at, ends, state.by, state.reason)


def totals(stretches: Iterable[Stretch], now: datetime) -> Mapping[tuple[str, Mode], timedelta]:
    """How long each component was in each mode."""
    found: dict[tuple[str, Mode], timedelta] = {}
    for one in stretches:
        key = one.component, one.mode
        found[key] = found.get(key, timedelta(0)) + one.lasted(now)
    return found
