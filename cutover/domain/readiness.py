"""Who is ready for go-live, counted by role, station and shift: a gate reads the worst cell, never the mean.

Each cell says how many of how many are ready, when that was counted and who answers for it. A cell that nobody is
needed in is no cell; a rule that finds no cell is not met.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field, model_validator

from cutover.core.errors import Invalid, Problem
from cutover.domain.programme import Part

COLUMNS = ("role", "station", "shift", "ready", "needed", "counted", "owner")
_RULE = re.compile(r"(?P<percent>\d{1,3})%?(?::(?P<which>.+))?")


class Cell(Part):
    """One line of readiness.csv. Wall times are read in the programme's zone."""

    role: str = Field(min_length=1)
    station: str = Field(min_length=1)
    shift: str = Field(min_length=1)
    ready: int = Field(ge=0)
    needed: int = Field(ge=1)
    counted: datetime
    owner: str = Field(min_length=1)

    @model_validator(mode="after")
    def _no_more_than_all(self) -> Cell:
        if self.ready > self.needed:
            raise ValueError(f"{self.ready} ready of {self.needed} needed: more than all")
        return self

    @property
    def name(self) -> str:
        return f"{self.role}, {self.station}, {self.shift}"

    @property
    def percent(self) -> float:
        return 100 * self.ready / self.needed


@dataclass(frozen=True, slots=True)
class Rule:
    """At least so many in a hundred in every cell; `which` narrows it to cells of that role, station or shift."""

    percent: int
    which: tuple[str, ...] = ()

    def covers(self, cell: Cell) -> bool:
        return all(part in (cell.role, cell.station, cell.shift) for part in self.which)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the worst cell is good enough, in words; `counted` is the oldest count it rests on."""

    is_met: bool
    detail: str
    counted: datetime | None


def read_rule(text: str) -> Rule:
    """`90`, or `90:custody` or `90:custody/central/nights` for some cells only. Raises Invalid for anything else."""
    found = _RULE.fullmatch(text.strip())
    if found is None or int(found["percent"]) > 100:  # noqa: PLR2004  in a hundred
        expected = "readiness:90, or readiness:90:custody/central/nights for some cells only"
        raise Invalid(Problem(f"'readiness:{text}' asks for nothing", expected=expected))
    which = tuple(part.strip() for part in (found["which"] or "").split("/") if part.strip())
    return Rule(int(found["percent"]), which)


def judged(cells: Iterable[Cell], rule: Rule) -> Readiness:
    """What the worst of the cells that the rule covers says."""
    asked = [cell for cell in cells if rule.covers(cell)]
    if not asked:
        of = f" of {' / '.join(rule.which)}" if rule.which else ""
        return Readiness(is_met=False, detail=f"no cell{of} was counted", counted=None)
    worst = min(asked, key=lambda cell: cell.percent)
    below = sum(cell.percent < rule.percent for cell in asked)
    mean = 100 * sum(cell.ready for cell in asked) / sum(cell.needed for cell in asked)
    detail = (
        f"worst of {len(asked)} cells: {worst.name}: {worst.ready} of {worst.needed} ready ({worst.percent:.0f} %), "
        f"{worst.owner} answers for it; {below} below {rule.percent} %; all together {mean:.0f} %"
    )
    return Readiness(not below, detail, min(cell.counted for cell in asked))
