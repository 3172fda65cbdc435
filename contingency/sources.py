"""What the assurance report reads, once, before it answers anything: other rooms in the report's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contingency.backlogs import TODAY, WAITING, BacklogService
from contingency.bulletins import BulletinService, BulletinStatus
from contingency.domain.backlog import OpenItem, item_stream
from contingency.domain.clearance import Forecast
from contingency.domain.clocks import ClockRules
from contingency.domain.conversion import conversion_stream
from contingency.domain.staffing import KeyerShift, Roster, Staff, Staffing
from contingency.domain.triage import Ranked
from contingency.domain.triggers import EVENTS as PLAY_EVENTS
from contingency.domain.triggers import PLAY, PlayState
from contingency.figures import Record
from contingency.improvements import ActionService, ActionView, FeedbackService, Pulse, ReportView
from contingency.register import open_items
from contingency.rooms import SheetSeen
from contingency.tables import ConversionRow, conversion_rows
from contingency.trail import Life, last_positions, lives
from cutover.core.errors import Refused
from cutover.core.event import Recorded
from cutover.domain.gates import EVENTS as GATE_EVENTS
from cutover.domain.gates import GATE, GateState
from cutover.domain.programme import Programme
from cutover.reconciliation.comparison import ReconciliationFailed, ReconciliationFinished
from cutover.reconciliation.findings import FATAL, Outcome
from cutover.store.journal import Journal
from monitors.domain.ledger import file_stream
from monitors.domain.suspicion import EVENTS as SUSPICION_EVENTS
from monitors.domain.suspicion import SUSPICION, SuspicionState
from paper_capture.domain.sheet import sheet_stream
from runbooks.domain.run_events import RunStarted, RunType, TaskDone

KEYER = "keyer"


class TracedSheet(SheetSeen, Protocol):
    """A sheet with where it is, what became of it, and the positions of its facts."""

    @property
    def station(self) -> str: ...
    @property
    def disposition(self) -> str | None: ...
    @property
    def disposed_at(self) -> datetime | None: ...
    @property
    def positions(self) -> tuple[int, ...]: ...


class Identity(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def holds(self) -> bool: ...
    @property
    def breaches(self) -> Sequence[str]: ...


class Account(Protocol):
    @property
    def identities(self) -> Sequence[Identity]: ...


class Paper(Protocol):
    def sheets(
        self, stages: Sequence[str] | None = None, form_type: str | None = None
    ) -> Sequence[TracedSheet]: ...
    def account(self) -> Account: ...


class CaseFile(Protocol):
    @property
    def stage(self) -> str: ...
    @property
    def case(self) -> str: ...
    @property
    def built_at(self) -> datetime | None: ...
    @property
    def sent_at(self) -> datetime | None: ...


class LedgerSum(Protocol):
    @property
    def breaks_by(self) -> int: ...
    @property
    def sent(self) -> int: ...


class Ledger(Protocol):
    def files(self) -> Mapping[str, CaseFile]: ...
    def summary(self, now: datetime | None = None) -> LedgerSum: ...


class Check(Protocol):
    @property
    def check_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


class Checks(Protocol):
    def all(self, now: datetime | None = None) -> Sequence[Check]: ...


class Reconciliations(Protocol):
    @property
    def contracts(self) -> Mapping[str, Any]: ...
    def findings(
        self, contract_id: str, klass: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """One run of a contract, with the fact that recorded it."""

    outcome: Outcome
    fact: Recorded

    def record(self) -> Record:
        o = self.outcome
        return Record(
            id=f"{o.contract} run {o.run}", title=str(o), stream=self.fact.stream, position=self.fact.position
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the answers are computed from, as it stood when it was read."""

    now: datetime
    programme: Programme
    rehearsed: bool
    sheets: tuple[TracedSheet, ...]
    identities: tuple[Identity, ...]
    clocks: ClockRules
    items: tuple[OpenItem, ...]
    item_positions: Mapping[str, int]
    ranked: tuple[Ranked, ...]
    forecast: Forecast | None
    conversions: tuple[ConversionRow, ...]
    conversion_positions: Mapping[str, int]
    files: Mapping[str, CaseFile]
    file_positions: Mapping[str, int]
    files_sum: LedgerSum
    checks: tuple[Check, ...]
    contracts: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    unmatched: tuple[Record, ...]
    unreadable: tuple[str, ...]
    gates: tuple[Life[GateState], ...]
    plays: tuple[Life[PlayState], ...]
    suspicions: tuple[Life[SuspicionState], ...]
    loads: tuple[Recorded, ...]
    bulletins: BulletinStatus
    actions: tuple[ActionView, ...]
    reports: tuple[ReportView, ...]
    pulse: tuple[Pulse, ...]

    @property
    def waiting(self) -> list[TracedSheet]:
        """Sheets that somebody wrote on and that are not in the target yet."""
        return [s for s in self.sheets if s.stage in WAITING]

    @property
    def latest(self) -> dict[str, Comparison]:
        """The newest run of each contract that ever had one."""
        return {c.outcome.contract: c for c in self.comparisons}

    def of_sheet(self, sheet: TracedSheet, title: str = "") -> Record:
        at = f"{sheet.stage}, {sheet.station or 'no station'}".replace("_", " ")
        risk = f"{sheet.grade}-risk" if sheet.grade else "ungraded"
        kind = f"{risk} {sheet.form_type.replace('_', ' ')}"
        stream = sheet_stream(sheet.serial)
        return Record(
            id=sheet.serial, title=title or f"{kind}, {at}", stream=stream, position=sheet.positions[-1]
        )

    def of_item(self, item: OpenItem, title: str = "") -> Record:
        stream = item_stream(item.key)
        text = title or f"{item.tier}-risk {item.item_type.replace('_', ' ')}"
        return Record(id=item.key, title=text, stream=stream, position=self.item_positions.get(stream, 0))

    def of_file(self, name: str, title: str) -> Record:
        stream = file_stream(name)
        return Record(id=name, title=title, stream=stream, position=self.file_positions.get(stream, 0))

    def of_conversion(self, row: ConversionRow) -> Record:
        stream = conversion_stream(row.serial)
        title = " ".join((row.progress, row.reference or row.reason)).strip()
        return Record(
            id=row.serial, title=title, stream=stream, position=self.conversion_positions.get(stream, 0)
        )


@dataclass(frozen=True, slots=True)
class Sources:
    """The rooms that the report reads. `keyers` who key at once: None takes the programme's teams of keyers."""

    journal: Journal
    programme: Programme
    backlog: BacklogService
    paper: Paper
    ledger: Ledger
    monitors: Checks
    reconciliation: Reconciliations
    bulletins: BulletinService
    actions: ActionService
    feedback: FeedbackService
    keyers: float | None = None

    @property
    def staff(self) -> Staff:
        """Who keys: as declared by shift, else as many as the teams of keyers can."""
        if self.keyers is None:
            return staff_of(self.programme, self.backlog.book.keyers)
        return Staffing(self.keyers)

    def look(self, now: datetime) -> Seen:
        """Read every room once."""
        journal, engine = self.journal, self.journal.engine
        staff = self.staff
        comparisons = tuple(_comparisons(journal))
        unmatched, unreadable = self._unmatched(comparisons)
        return Seen(
            now=now,
            programme=self.programme,
            rehearsed=any(_is_rehearsal(fact) for fact in journal.all([RunStarted.kind()])),
            sheets=tuple(self.paper.sheets()),
            identities=tuple(self.paper.account().identities),
            clocks=self.backlog.book.clocks,
            items=tuple(open_items(engine)),
            item_positions=last_positions(journal, item_stream("")),
            ranked=tuple(self.backlog.next(10, now)),
            forecast=self.backlog.forecast(staff, arrivals=self.backlog.arrivals(now, TODAY))
            if staff.minutes_a_day > 0
            else None,
            conversions=tuple(conversion_rows(engine)),
            conversion_positions=last_positions(journal, conversion_stream("")),
            files=self.ledger.files(),
            file_positions=last_positions(journal, file_stream("")),
            files_sum=self.ledger.summary(now),
            checks=tuple(self.monitors.all(now)),
            contracts=tuple(self.reconciliation.contracts),
            comparisons=comparisons,
            unmatched=unmatched,
            unreadable=unreadable,
            gates=tuple(lives(journal, GATE, GATE_EVENTS)),
            plays=tuple(lives(journal, PLAY, PLAY_EVENTS)),
            suspicions=tuple(lives(journal, SUSPICION, SUSPICION_EVENTS)),
            loads=tuple(_loads(journal)),
            bulletins=self.bulletins.status(now),
            actions=tuple(self.actions.actions()),
            reports=tuple(self.feedback.reports()),
            pulse=tuple(self.feedback.pulse()),
        )

    def _unmatched(self, comparisons: Iterable[Comparison]) -> tuple[tuple[Record, ...], tuple[str, ...]]:
        """Every key that the newest runs did not find on both sides, and the contracts whose list cannot be read."""
        records: list[Record] = []
        unreadable: list[str] = []
        for newest in {c.outcome.contract: c for c in comparisons}.values():
            for klass in (k for k in FATAL if newest.outcome.count(k)):
                try:
                    found = self.reconciliation.findings(newest.outcome.contract, klass)
                except Refused as error:
                    unreadable.append(str(error))
                    continue
                records += [_unmatched_key(one, newest) for one in found]
        return tuple(records), tuple(unreadable)


def keyers_of(programme: Programme) -> float:
    """How many can key at once: the capacity of every team that has a keyer in it."""
    teams = {person.team for person in programme.people if KEYER in person.roles}
    return float(sum(team.capacity for team in programme.teams if team.id in teams))


def staff_of(programme: Programme, shifts: tuple[KeyerShift, ...]) -> Staff:
    """Who keys in a programme: by shift where that is declared, else its teams of keyers, evenly."""
    return Roster(shifts, programme.zone) if shifts else Staffing(keyers_of(programme))


def _comparisons(journal: Journal) -> Iterable[Comparison]:
    for fact in journal.all([ReconciliationFinished.kind(), ReconciliationFailed.kind()]):
        if isinstance(fact.event, ReconciliationFinished | ReconciliationFailed):
            yield Comparison(fact.event.outcome, fact)


def _unmatched_key(finding: Mapping[str, Any], run: Comparison) -> Record:
    key = " ".join(str(part) for part in finding["key"].values())
    title = f"{str(finding['class']).replace('_', ' ')}, {finding['state'] or 'no state'}"
    return Record(id=key, title=title, stream=run.fact.stream, position=run.fact.position)


def _loads(journal: Journal) -> Iterable[Recorded]:
    """Tasks that ended with a loader's own report of what it read and what failed."""
    for fact in journal.all([TaskDone.kind()]):
        if isinstance(fact.event, TaskDone) and {"read", "failed"} <= fact.event.result.keys():
            yield fact


def _is_rehearsal(fact: Recorded) -> bool:
    return isinstance(fact.event, RunStarted) and fact.event.run_type is RunType.REHEARSAL
