"""The stations of a rehearsal: they write on paper while a component is not live, and bring it in afterwards.

Every step is one transaction decided from the seed and the step's number, and a step whose sheets are already
in the register is not written again, so a rehearsal killed anywhere goes on where it was.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import date, datetime, timedelta
from random import Random

from cutover.app.bootstrap import World
from cutover.domain.modes import COMPONENT, RULES, component_stream
from cutover.range.cast import Cast, PaperRate, poisson
from cutover.range.parts import manager, storekeeper
from cutover.range.population import FORENAMES, SURNAMES
from cutover.range.writing import LEAST_DELAY, MOST_DELAY, fill
from paper_capture.domain.moves import Grade, Person, UsedSheet

SPARE = 10  # sheets a station asks for when its block runs out


class Stations:
    """Writes, spoils, loses and returns the paper of all stations."""

    def __init__(self, world: World, cast: Cast) -> None:
        self.world = world
        self.cast = cast
        self.places = [s.id for s in world.folder.programme.stations]
        self._keeper = storekeeper(world.folder.programme)
        self._blank: dict[tuple[str, str], deque[str]] = defaultdict(deque)
        self._written_until: dict[str, datetime] = {}
        self._spoiled: deque[tuple[str, str]] = deque()
        self._seen = -1

    def step(self, number: int, start: datetime, end: datetime) -> int:
        """Log what was written between `start` and `end`; returns how many sheets."""
        self._look()
        entries: list[UsedSheet] = []
        for rate in self.cast.paper:
            mode = self.world.desk.state(COMPONENT, component_stream(rate.component)).mode
            if RULES[mode].paper and self._written_until.get(rate.form, start) <= start:
                entries += self._write(rate, number, start, end)
        if entries:
            self.world.paper.log_used(entries, by="station-log")
        while self._spoiled:
            station, serial = self._spoiled.popleft()
            self.world.paper.spoil(serial, by=f"{station}-desk", reason="spoiled in the writing")
        return len(entries)

    def bring_in(self) -> int:
        """Return every used sheet and every blank one; the blanks a station cannot find are declared missing."""
        paper = self.world.paper
        used = [row.serial for row in paper.sheets(["used"])]
        blanks = [row.serial for row in paper.sheets(["issued"])]
        lost = blanks[len(blanks) // 2 :][: self.cast.missing - len(paper.sheets(["missing"]))]
        for serial in lost:
            paper.declare_missing(
                serial,
                by=self._keeper,
                decided_by=manager(self.world.folder.programme),
                reason="searched for twice at the station; last seen in the block",
            )
        paper.return_sheets(used, by=self._keeper)
        paper.return_unused([serial for serial in blanks if serial not in lost], by=self._keeper)
        return len(used)

    def _write(self, rate: PaperRate, number: int, start: datetime, end: datetime) -> list[UsedSheet]:
        dice = Random(f"{self.cast.seed}:{rate.form}:{number}")  # noqa: S311  (a rehearsal must be repeatable)
        mean = rate.per_hour * (end - start) / timedelta(hours=1)
        return [self._sheet(rate.form, dice, start, end) for _ in range(poisson(dice, mean))]

    def _sheet(self, form: str, dice: Random, start: datetime, end: datetime) -> UsedSheet:
        station = dice.choice(self.places)
        while dice.random() < self.cast.spoiled:
            self._spoiled.append((station, self._next(station, form)))
        written = start + (end - start) * dice.random()
        occurred = written - LEAST_DELAY - (MOST_DELAY - LEAST_DELAY) * dice.random()
        person = Person(
            surname=dice.choice(SURNAMES),
            forename=dice.choice(FORENAMES),
            dob=date(1940, 1, 1) + timedelta(days=dice.randrange(25_000)),
        )
        values = fill(form, dice, occurred, written, person)
        return UsedSheet(
            serial=self._next(station, form), station=station, writer=f"{station}-{dice.randrange(1, 40)}",
            occurred_at=occurred, written_at=written, grade=Grade.STANDARD, person=person, values=values,
        )  # fmt: skip

    def _next(self, station: str, form: str) -> str:
        blank = self._blank[station, form]
        if not blank:
            blank += self.world.paper.issue(station=station, form_type=form, count=SPARE, by=self._keeper)
        return blank.popleft()

    def _look(self) -> None:
        """Read the register once, and again whenever new blocks may have come."""
        issued = len(self.world.journal.tail(kinds=["BlockIssued"], limit=100_000))
        if self._seen == issued:
            return
        self._blank.clear()
        for row in self.world.paper.sheets(["issued"]):
            self._blank[row.station, row.form_type].append(row.serial)
        if not self._written_until:
            for row in self.world.paper.sheets(["used"]):
                if row.written_at:
                    self._written_until[row.form_type] = max(
                        self._written_until.get(row.form_type, row.written_at), row.written_at
                    )
        self._seen = issued
