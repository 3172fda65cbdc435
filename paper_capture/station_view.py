"""What a station's page and the overview of all stations show of the register: counts and numbers, never what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import monotonic

from sqlalchemy import func, select

from cutover.store.engine import reading
from paper_capture.domain.register import Account
from paper_capture.domain.sheet import Stage
from paper_capture.service import PaperService
from paper_capture.tables import sheets_table

VOID = (Stage.SPOILED, Stage.UNUSED)
OUT = Stage.ISSUED
FRESH = 60.0  # seconds


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


class StationViews:
    """Counts come from the register's rows; what does not hold is worked out once a minute, however many ask."""

    def __init__(self, paper: PaperService) -> None:
        self.paper = paper
        self._account: tuple[float, Account] | None = None
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
        query = select(t.station, t.stage, func.count()).where(t.station != "").group_by(t.station, t.stage)
        found: dict[str, dict[str, int]] = {station: {} for station in sorted(self.paper.stations)}
        with reading(self.paper.desk.journal.engine) as connection:
            for station, stage, count in connection.execute(query):
                found.setdefault(station, {})[stage] = count
        return {station: _counts(station, stages) for station, stages in found.items()}

    def account(self) -> Account:
        """The whole account as it stood within the last minute."""
        with self._turn:
            now = monotonic()
            if self._account is None or now - self._account[0] > FRESH:
                self._account = now, self.paper.account()
            return self._account[1]

    def breaches(self, station: str) -> list[str]:
        """What does not hold of a station's own sheets, in a sentence each."""
        return [said for said in self.all_breaches() if f"({station})" in said]

    def all_breaches(self) -> list[str]:
        """Each identity that does not hold, with the serials and stations that break it."""
        return [
            f"{identity.id} {identity.title}: {detail}"
            for identity in self.account().identities
            if not identity.holds
            for detail in identity.detail.split("; ")
        ]


def _counts(station: str, stages: Mapping[str, int]) -> Counts:
    def of(names: Sequence[str]) -> int:
        return sum(stages.get(name, 0) for name in names)

    not_written = of((OUT, *VOID, Stage.MISSING))
    return Counts(
        station,
        issued=sum(stages.values()),
        outstanding=of((OUT,)),
        used=sum(stages.values()) - not_written,
        returned=sum(stages.values()) - not_written - of((Stage.USED,)),
        spoiled=of((Stage.SPOILED,)),
        unused=of((Stage.UNUSED,)),
        missing=of((Stage.MISSING,)),
    )
