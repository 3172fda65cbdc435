"""What the writers of a rehearsal put in the boxes of each form: plausible, seeded, nobody real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cutover.core.errors import NotFound
from cutover.range.cast import poisson
from cutover.range.population import FORENAMES, SURNAMES
from paper_capture.domain.moves import Person

# How often a box is ticked. Shares are a rehearsal's, chosen to give each band of risk its work.
TICKED: Mapping[str, Mapping[str, float]] = {
    "incident": {"weapon": 0.03, "child": 0.08, "domestic": 0.1},
    "crime": {"vulnerable": 0.1, "life_at_risk": 0.02, "support_wanted": 0.4},
    "domestic_abuse": {"grave_danger": 0.08, "separation": 0.3, "strangulation": 0.06},
    "missing_person": {"suicidal": 0.1, "under_13": 0.05, "out_of_character": 0.5},
    "custody": {"medical_need": 0.15, "under_18": 0.06, "solicitor": 0.5},
}
INDICATORS = 8  # mean count of ticked indicators on a risk assessment
MOST_INDICATORS = 27


@dataclass(frozen=True, slots=True)
class Event:
    """What is being written about."""

    occurred: datetime
    written: datetime
    person: Person
    place: str

    @property
    def name(self) -> str:
        return f"{self.person.forename} {self.person.surname}"


def fill(form: str, dice: Random, occurred: datetime, written: datetime, person: Person) -> dict[str, Any]:
    """The values of one sheet of `form`. Raises NotFound for a form that nobody here can fill in."""
    if form not in _WRITERS:
        raise NotFound("form that the rehearsal's stations can write", form, _WRITERS)
    street = dice.choice(("Chapel", "Mill", "Station", "Church", "Canal"))
    event = Event(occurred, written, person, f"{dice.randrange(1, 200)} {street} Street")
    ticks = {name: dice.random() < share for name, share in TICKED[form].items()}
    values = _WRITERS[form](event, dice) | ticks
    if ticks.get("grave_danger"):
        values["judgement"] = "threats to kill, weapon in the house"
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }


def _incident(event: Event, dice: Random) -> dict[str, Any]:
    kinds = ("disorder", "collision", "burglary in progress", "concern for welfare")
    return {
        "called_at": event.occurred, "channel": dice.choice(("999", "101")), "place": event.place,
        "category": dice.choice(kinds), "priority": dice.choice(("emergency", "priority", "routine")),
    }  # fmt: skip


def _crime(event: Event, dice: Random) -> dict[str, Any]:
    told = (
        "window broken, laptop taken",
        "hit in the street",
        "car taken from the drive",
        "threatened at the door",
    )
    return {
        "reported_at": event.written, "occurred_from": event.occurred, "offence": dice.choice(told),
        "place": event.place, "value_gbp": dice.randrange(0, 3000),
    }  # fmt: skip


def _domestic_abuse(event: Event, dice: Random) -> dict[str, Any]:
    return {
        "victim": event.name, "other_party": f"{dice.choice(FORENAMES)} {dice.choice(SURNAMES)}",
        "relation": dice.choice(("partner", "former partner", "parent")), "account": "as told at the door",
        "indicators": min(MOST_INDICATORS, poisson(dice, INDICATORS)),
    }  # fmt: skip


def _missing_person(event: Event, dice: Random) -> dict[str, Any]:
    return {
        "missing": event.name, "age": dice.randrange(8, 90), "last_seen_at": event.occurred,
        "last_seen_place": event.place, "reported_at": event.written, "description": "medium build, dark coat",
    }  # fmt: skip


def _custody(event: Event, dice: Random) -> dict[str, Any]:
    arrived = event.occurred + (event.written - event.occurred) / 3
    return {
        "detainee": event.name, "arrested_at": event.occurred, "arrived_at": arrived,
        "authorised_at": arrived + (event.written - arrived) / 2, "authorised_by": "Sergeant on duty",
        "offence": dice.choice(("theft", "assault", "breach of bail")), "grounds": "to obtain evidence by questioning",
    }  # fmt: skip


_WRITERS: Mapping[str, Callable[[Event, Random], dict[str, Any]]] = {
    "incident": _incident, "crime": _crime, "domestic_abuse": _domestic_abuse, "missing_person": _missing_person, "custody": _custody,
}  # fmt: skip
LEAST_DELAY, MOST_DELAY = timedelta(minutes=5), timedelta(minutes=180)  # between an event and its writing
