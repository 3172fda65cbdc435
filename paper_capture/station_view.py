"""What a station's page and the overview of all stations show of the register: counts and numbers, never what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic, thread_time

from sqlalchemy import case, func, select

from cutover.store.engine import reading
from paper_capture.conflict_tables import conflict_rows
from paper_capture.domain.aside import HOLDABLE
from paper_capture.domain.register import Account
from paper_capture.domain.sheet import Stage
from paper_capture.service import PaperService
from paper_capture.tables import SheetRow, sheets_table

SHARE = 0.05  # of one processor, at most, goes into working out what holds


@dataclass(frozen=True, slots=True)
class Line:
    """One sheet of a station as its page lists it."""

    serial: str
    form: str
    stage: str
    grade: str | None
    written_at: datetime | None
    logged_at: datetime | None
    returned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the sheets of one station are; `used` counts whatever was written on, however far it has come since."""

    station: str
    issued: int
    outstanding: int
    used: int
    returned: int
    spoiled: int
    unused: int
    missing: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The account, when it was worked out and up to which fact."""

    account: Account
    at: datetime
    position: int


class StationViews:
    """Counts come from the register's rows. What holds is worked out again when something has happened since.

    However many ask, that takes no more than its share of a processor: a small register is always as it stands, one of
    thousands of sheets may be some seconds old, and says so.
    """

    def __init__(self, paper: PaperService) -> None:
        self.paper = paper
        self._checked: Checked | None = None
        self._again_from = 0.0  # by the monotonic clock
        self._turn = Lock()

    def lines(self, station: str) -> list[Line]:
        """Every sheet that was issued to a station, in order of serial."""
        t = sheets_table.c
        columns = (t.serial, t.form_type, t.stage, t.grade, t.written_at, t.logged_at, t.returned_at)
        query = select(*columns).where(t.station == station).order_by(t.serial)
        with reading(self.paper.desk.journal.engine) as connection:
            return [Line(*row) for row in connection.execute(query)]

    def counts(self) -> dict[str, Counts]:
        """By station: those of the programme, and any other that holds a sheet."""
        t = sheets_table.c
        came = case(  # how far one came whose paper is destroyed, as `stage_of` says it
            (t.stage != Stage.DESTROYED, t.stage),
            (t.disposition.is_not(None), Stage.DISPOSED.value),
            (t.returned_at.is_not(None), Stage.UNUSED.value),
            else_=Stage.SPOILED.value,
        )
        query = select(t.station, came, func.count()).where(t.station != "").group_by(t.station, came)
        found: dict[str, dict[str, int]] = {station: {} for station in sorted(self.paper.stations)}
        with reading(self.paper.desk.journal.engine) as connection:
            for station, stage, count in connection.execute(query):
                found.setdefault(station, {})[stage] = count
        return {station: _counts(station, stages) for station, stages in found.items()}

    def checked(self) -> Checked:
        """The whole account, as fresh as its share of the processor allows."""
        with self._turn:
            head = self.paper.desk.journal.head().position
            known = self._checked
            if known is None or (known.position != head and monotonic() >= self._again_from):
                began = thread_time()
                known = Checked(self.paper.account(), self.paper.desk.clock.now(), head)
                self._checked = known
                self._again_from = monotonic() + (thread_time() - began) / SHARE
            return known

    def is_whole(self, checked: Checked) -> bool:
        """Nothing has happened since it was worked out."""
        return checked.position == self.paper.desk.journal.head().position

    def aside(self) -> tuple[list[SheetRow], list[SheetRow], list[SheetRow]]:
        """Sheets that are kept back, those whose record is open while their paper is the master, and the missing."""
        rows = self.paper.sheets(sorted(HOLDABLE | {Stage.MISSING}))
        live, missing = ([r for r in rows if r.stage is stage] for stage in (Stage.LIVE, Stage.MISSING))
        return [r for r in rows if r.held], live, missing

    def undecided(self) -> int:
        """How many moves were told twice and are not decided."""
        return sum(one.is_open for one in conflict_rows(self.paper.desk.journal.engine).values())

    def breaches(self, station: str) -> list[str]:
        """What does not hold of a station's own sheets, in a sentence each."""
        return [said for said in self.all_breaches() if f"({station})" in said]

    def all_breaches(self) -> list[str]:
        """Each identity that does not hold, with the serials and stations that break it and who mends it."""
        return [
            f"{identity.id} {identity.title}: {breach} [{identity.owner}]"
            for identity in self.checked().account.identities
            for breach in identity.breaches
        ]


def _counts(station: str, stages: Mapping[str, int]) -> Counts:
    def of(names: Sequence[str]) -> int:
        return sum(stages.get(name, 0) for name in names)

    not_written = of((Stage.ISSUED, Stage.SPOILED, Stage.UNUSED, Stage.MISSING))
    return Counts(
        station,
        issued=sum(stages.values()),
        outstanding=of((Stage.ISSUED,)),
        used=sum(stages.values()) - not_written,
        returned=sum(stages.values()) - not_written - of((Stage.USED, Stage.LIVE)),
        spoiled=of((Stage.SPOILED,)),
        unused=of((Stage.UNUSED,)),
        missing=of((Stage.MISSING,)),
    )
