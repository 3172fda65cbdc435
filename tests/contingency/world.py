"""The cast's paper, monitors and plays in one small world, so that each test says only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from contingency.backlogs import BacklogService
from contingency.conversions import ConversionService
from contingency.discoveries import DiscoveryService
from contingency.domain import improvements, incidents, issues
from contingency.files import PlayBook
from contingency.service import EVENTS, ContingencyService
from contingency.tables import projections
from contingency.targets import HttpTarget
from cutover.app.suspected import BrokenBalance
from cutover.core.clock import FixedClock
from cutover.domain import modes
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from cutover.store.documents import read_yaml
from monitors.domain import health
from monitors.domain.check import HttpCheck, Result, Status
from monitors.service import MonitorService
from monitors.tables import MonitorStates
from paper_capture.domain.moves import Entry, Grade, Person, UsedSheet
from paper_capture.service import EVENTS as PAPER_EVENTS
from paper_capture.service import PaperService
from paper_capture.tables import PaperProjection

SCENARIO = Path(__file__).parents[2] / "examples" / "seventy_two_hours"
PROGRAMME = read_yaml(SCENARIO / "programme.yaml", Programme)
ALL_EVENTS = (
    *EVENTS,
    *modes.EVENTS,
    *health.EVENTS,
    *PAPER_EVENTS,
    *improvements.EVENTS,
    *incidents.EVENTS,
    *issues.EVENTS,
)
MINUTE = timedelta(minutes=1)
CUSTODY = HttpCheck(
    id="custody-health", kind="http", title="Custody answers", owner="asha", system="custody",
    interval=MINUTE, retry_interval=MINUTE, max_attempts=1, recover_after=1, stale_after=timedelta(days=1),
)  # fmt: skip


def all_projections() -> list[Any]:
    return [*projections(), PaperProjection(), MonitorStates()]


@dataclass
class World:
    """Everything real: journal, paper, monitors; the target where a test starts one."""

    desk: Desk
    clock: FixedClock
    book: PlayBook
    paper: PaperService
    rows: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    suspected: list[BrokenBalance] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monitors = MonitorService(self.desk, [CUSTODY])
        self.plays = ContingencyService(self.desk, self.book, self.paper, self.monitors)
        minutes = {form.id: form.minutes * form.passes for form in self.paper.forms.values()}
        self.backlog = BacklogService(self.desk, self.book, self.paper, minutes)
        self.discoveries = DiscoveryService(
            self.backlog, PROGRAMME, SCENARIO, self.rows.__getitem__, lambda: self.suspected
        )

    def converting(self, url: str) -> ConversionService:
        return ConversionService(self.desk, self.book, self.paper, HttpTarget(url))

    def custody_is(self, status: Status) -> None:
        self.monitors.record(CUSTODY.id, Result(status=status), self.clock.now())

    def after(self, minutes: float) -> datetime:
        self.clock.advance(timedelta(minutes=minutes))
        return self.clock.now()

    def verified(self, count: int, form_type: str = "crime", **common: Any) -> list[str]:
        """So many sheets written at central, returned and keyed until they are verified."""
        serials = self.paper.issue(station="central", form_type=form_type, count=count, by="bo")
        return self.verify(self.used(serials, **common))

    def used(self, serials: Iterable[str], **common: Any) -> list[str]:
        written = [self.sheet(serial, i, **common) for i, serial in enumerate(serials)]
        self.paper.log_used(written, by="bo")
        return [sheet.serial for sheet in written]

    def sheet(
        self,
        serial: str,
        i: int = 0,
        *,
        person: Person | None = None,
        grade: Grade = Grade.STANDARD,
        occurred_at: datetime | None = None,
    ) -> UsedSheet:
        """One used sheet; without a person everybody is somebody else."""
        at = occurred_at or self.clock.now() - timedelta(hours=2)
        who = person or somebody(i)
        values = FILLED[self.paper.sheet(serial).form_type](at)
        return UsedSheet(
            serial=serial,
            station="central",
            writer="bo",
            occurred_at=at,
            written_at=at + MINUTE,
            grade=grade,
            person=who,
            values=values,
        )

    def verify(self, serials: list[str], minutes: float = 25) -> list[str]:
        self.paper.return_sheets(serials, by="bo")
        rows = [self.paper.sheet(serial) for serial in serials]
        for pass_no, keyer in ((1, "tova"), (2, "uma")):
            due = [row for row in rows if row.passes >= pass_no]
            self.paper.enter(
                [
                    Entry(
                        serial=r.serial, pass_no=pass_no, keyer=keyer, values=dict(r.values), minutes=minutes
                    )
                    for r in due
                ]
            )
        return serials


def somebody(i: int) -> Person:
    """Unlike anybody else: names and birthdays that share nothing with the neighbours'."""
    letters = "".join(chr(ord("a") + (i * 7 + k * (3 + i % 11) + i // 26) % 26) for k in range(9))
    return Person(
        surname=letters.title(), forename=letters[::-1].title(), dob=date(1940, 1, 1) + timedelta(days=i * 37)
    )


def _crime(at: datetime) -> dict[str, Any]:
    return {"reported_at": at.isoformat(), "offence": "burglary", "place": "Mill Lane"}


def _abuse(_at: datetime) -> dict[str, Any]:
    return {
        "victim": "as named",
        "other_party": "as told",
        "relation": "partner",
        "account": "as told",
        "indicators": 3,
    }


def _custody(at: datetime) -> dict[str, Any]:
    hour = timedelta(hours=1)
    moments = {"arrested_at": at - 2 * hour, "arrived_at": at - hour, "authorised_at": at}
    texts = {
        "detainee": "as named",
        "authorised_by": "PS Hill",
        "offence": "theft",
        "grounds": "to secure evidence",
    }
    return {**{name: moment.isoformat() for name, moment in moments.items()}, **texts}


FILLED = {"crime": _crime, "domestic_abuse": _abuse, "custody": _custody}


def with_play(book: PlayBook, **change: Any) -> PlayBook:
    """The scenario's book with its one play changed."""
    play = next(iter(book.plays.values()))
    return replace(book, plays={play.id: play.model_copy(update=change)})


def sent_as(person: Person) -> dict[str, str]:
    """A person as the records system writes one."""
    return {"surname": person.surname, "forename": person.forename, "dob": str(person.dob)}
