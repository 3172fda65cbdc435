"""The stations of a rehearsal: they write on paper while a component is not live, and bring it in afterwards.

Every step is one transaction decided from the seed and the step's number, and a step whose sheets are already
in the register is not written again, so a rehearsal killed anywhere goes on where it was.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from cutover.app.bootstrap import World
from cutover.core.errors import Refused
from cutover.domain.modes import COMPONENT, RULES, component_stream
from cutover.range.cast import Cast, PaperRate, poisson
from cutover.range.population import FORENAMES, SURNAMES
from paper_capture.domain.moves import Grade, Person, UsedSheet

SPARE = 10  # sheets a station asks for when its block runs out


class Stations:
    """Writes, spoils, loses and returns the paper of all stations."""

    def __init__(self, world: World, cast: Cast) -> None:
        self.world = world
        self.cast = cast
        self.places = [s.id for s in world.folder.programme.stations]
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
            paper.declare_missing(serial, by="sam", decided_by="asha", reason="searched for twice at the station; last seen in the block")
        paper.return_sheets(used, by="sam")
        paper.return_unused([serial for serial in blanks if serial not in lost], by="sam")
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
        occurred = written - timedelta(minutes=dice.uniform(5, 180))
        person = Person(surname=dice.choice(SURNAMES), forename=dice.choice(FORENAMES), dob=date(1940, 1, 1) + timedelta(days=dice.randrange(25_000)))
        values = fill(form, dice, occurred, written, person)
        return UsedSheet(
            serial=self._next(station, form), station=station, writer=f"{station}-{dice.randrange(1, 40)}",
            occurred_at=occurred, written_at=written, grade=Grade.STANDARD, person=person, values=values,
        )  # fmt: skip

    def _next(self, station: str, form: str) -> str:
        blank = self._blank[station, form]
        if not blank:
            blank += self.world.paper.issue(station=station, form_type=form, count=SPARE, by="sam")
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
                    self._written_until[row.form_type] = max(self._written_until.get(row.form_type, row.written_at), row.written_at)
        self._seen = issued


def fill(form: str, dice: Random, occurred: datetime, written: datetime, person: Person) -> dict[str, Any]:
    """What the writer puts in the boxes of a form of this scenario."""
    name = f"{person.forename} {person.surname}"
    place = f"{dice.randrange(1, 200)} {dice.choice(('Chapel', 'Mill', 'Station', 'Church', 'Canal'))} Street"
    match form:
        case "incident":
            return {"called_at": occurred, "channel": dice.choice(("999", "101")), "place": place, "category": dice.choice(("disorder", "collision", "burglary in progress", "concern for welfare")), "priority": dice.choice(("emergency", "priority", "routine")), "weapon": dice.random() < 0.03, "child": dice.random() < 0.08}
        case "crime":
            return {"reported_at": written, "occurred_from": occurred, "offence": dice.choice(("window broken, laptop taken", "hit in the street", "car taken from the drive", "threatened at the door")), "place": place, "value_gbp": dice.randrange(0, 3000), "vulnerable": dice.random() < 0.1, "life_at_risk": dice.random() < 0.02, "support_wanted": dice.random() < 0.4}
        case "domestic_abuse":
            grave = dice.random() < 0.08
            return {"victim": name, "other_party": f"{dice.choice(FORENAMES)} {dice.choice(SURNAMES)}", "relation": dice.choice(("partner", "former partner", "parent")), "account": "as told at the door", "indicators": min(27, poisson(dice, 8)), "grave_danger": grave, **({"judgement": "threats to kill, weapon in the house"} if grave else {}), "separation": dice.random() < 0.3}
        case "missing_person":
            return {"missing": name, "age": dice.randrange(8, 90), "last_seen_at": occurred, "last_seen_place": place, "reported_at": written, "description": "medium build, dark coat", "suicidal": dice.random() < 0.1, "out_of_character": dice.random() < 0.5}
        case "custody":
            arrested = occurred
            return {"detainee": name, "arrested_at": arrested, "arrived_at": min(written, arrested + timedelta(minutes=4)), "authorised_at": min(written, arrested + timedelta(minutes=5)), "authorised_by": "Sergeant on duty", "offence": dice.choice(("theft", "assault", "breach of bail")), "grounds": "to obtain evidence by questioning", "medical_need": dice.random() < 0.15, "under_18": dice.random() < 0.06}
    raise Refused(f"the stations of this rehearsal cannot fill in a '{form}'")
