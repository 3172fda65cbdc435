"""Same person, same kind of form, same time: only all three together may be the same event.

Matching persons alone merged 179 of 180 *different* events of repeat victims when it was tried: a second
report of domestic abuse would vanish into the first, and its risk assessment with it. So a candidate must be
of the same form type and have occurred within the window, and even then nothing is merged by itself: the
score and its reason go to a person.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from cutover.core.duration import show_duration

WINDOW = timedelta(minutes=60)
# What the same names reach whatever the dates of birth say. At 0.8 a tenth of true duplicates was not shown to anybody
# (measured); a needless question costs a minute, a duplicate that nobody is asked about is a second record.
ENOUGH = 0.70
_BORN = 0.3
_WEIGHTS = {"surname": 0.4, "forename": 0.3, "date of birth": _BORN}


@dataclass(frozen=True, slots=True)
class Sighting:
    """What matching needs of a record, on paper or in the target: who, what kind, when."""

    ref: str
    form_type: str
    surname: str
    forename: str
    dob: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Likeness:
    """A record that may be the same event, how like it is (0 to 1), why a person should look, and what it says itself."""

    ref: str
    score: float
    reason: str
    shows: str = ""


@lru_cache(maxsize=50_000)  # the same names are compared again in every batch
def normalise(name: str) -> str:
    """A name as compared: no accents, no case, no punctuation, single spaces."""
    letters = unicodedata.normalize(
        "NFKD", name.casefold().replace("ł", "l").replace("ø", "o").replace("đ", "d")
    )
    plain = "".join(
        c if c.isalnum() else " " for c in letters if not unicodedata.combining(c) and c not in "'’`"
    )
    return " ".join(plain.split())


class Near:
    """Sightings by form type in order of time: who occurred near a moment is found without looking at all."""

    def __init__(self, sightings: Iterable[Sighting] = ()) -> None:
        self._by_form: dict[str, list[Sighting]] = {}
        for one in sightings:
            self._by_form.setdefault(one.form_type, []).append(one)
        for several in self._by_form.values():
            several.sort(key=_when)

    def joined(self, others: Iterable[Sighting]) -> Near:
        """These and others."""
        return Near([*(one for several in self._by_form.values() for one in several), *others])

    def add(self, one: Sighting) -> None:
        insort(self._by_form.setdefault(one.form_type, []), one, key=_when)

    def to(self, one: Sighting, window: timedelta = WINDOW) -> Sequence[Sighting]:
        """Those of the same form type within the window."""
        several = self._by_form.get(one.form_type, [])
        first = bisect_left(several, one.occurred_at - window, key=_when)
        return several[first : bisect_right(several, one.occurred_at + window, key=_when)]


def _when(one: Sighting) -> datetime:
    return one.occurred_at


def candidates(
    one: Sighting, others: Iterable[Sighting], *, window: timedelta = WINDOW, enough: float = ENOUGH
) -> tuple[Likeness, ...]:
    """Those that may be the same event, the most alike first."""
    near = (
        o for o in others if o.form_type == one.form_type and abs(o.occurred_at - one.occurred_at) <= window
    )
    alike = [
        (other, parts)
        for other in near
        if _may_reach(one, other, enough) and _score(parts := _parts(one, other)) >= enough
    ]
    found = [
        Likeness(other.ref, round(_score(parts), 3), _reason(one, other, parts), shown(other))
        for other, parts in alike
    ]
    return tuple(sorted(found, key=lambda likeness: (-likeness.score, likeness.ref)))


def shown(one: Sighting) -> str:
    """A record as a person compares it with another."""
    named = ", ".join(name for name in (one.surname, one.forename) if name) or "nobody named"
    born = f", born {one.dob}" if one.dob else ""
    return f"{named}{born}; {one.occurred_at:%a %d %b %Y %H:%M}Z"


def _may_reach(one: Sighting, other: Sighting, enough: float) -> bool:
    """Whether names could be enough with these dates of birth: most neighbours are out before names are compared."""
    if not (one.dob and other.dob):
        return True
    to_spare = _dates(one.dob, other.dob) * _BORN + 1 - _BORN - enough
    return to_spare > 0 or (to_spare == 0 and _names_of(one) == _names_of(other))


def _names_of(one: Sighting) -> set[str]:
    return {normalise(one.surname), normalise(one.forename)}


def _score(parts: Mapping[str, float]) -> float:
    """Weighted likeness of the parts that both have; without a name there is no person, only a time and a kind."""
    if not {"surname", "forename"} & parts.keys():
        return 0.0
    return sum(_WEIGHTS[name] * value for name, value in parts.items()) / sum(
        _WEIGHTS[name] for name in parts
    )


def _reason(one: Sighting, other: Sighting, parts: Mapping[str, float]) -> str:
    shown = [f"{name} {value:.0%} alike" if value < 1 else f"same {name}" for name, value in parts.items()]
    gap = abs(other.occurred_at - one.occurred_at)
    return f"{', '.join(shown)}; same form type, {show_duration(gap)} apart"


def _parts(one: Sighting, other: Sighting) -> dict[str, float]:
    straight = _names((one.surname, one.forename), (other.surname, other.forename))
    swapped = _names((one.surname, one.forename), (other.forename, other.surname))
    parts = max(straight, swapped, key=lambda found: sum(found.values()))
    if one.dob and other.dob:
        parts["date of birth"] = _dates(one.dob, other.dob)
    return parts


def _names(one: tuple[str, str], other: tuple[str, str]) -> dict[str, float]:
    pairs = zip(("surname", "forename"), one, other, strict=True)
    clean = ((label, normalise(a), normalise(b)) for label, a, b in pairs)
    return {label: JaroWinkler.similarity(a, b) for label, a, b in clean if a and b}


def _dates(one: str, other: str) -> float:
    """1 the same, 0.8 for one slip of the pen or day and month the wrong way round, else 0."""
    if one == other:
        return 1.0
    if (
        one[4:5] == other[4:5] == "-"
        and len(one) == len(other)
        and one[:4] != other[:4]
        and one[4:] != other[4:]
    ):
        return 0.0  # one slip leaves the year or the rest as it is: nearly every neighbour is out here
    year, _, rest = one.partition("-")
    month, _, day = rest.partition("-")
    return 0.8 if DamerauLevenshtein.distance(one, other) == 1 or f"{year}-{day}-{month}" == other else 0.0
