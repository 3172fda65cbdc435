"""Who plays a rehearsal's people, as a file: rates of writing, desks that key, how long deciders think."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from pydantic import Field

from cutover.domain.programme import Id, Part, Span
from cutover.store.documents import read_yaml


class PaperRate(Part):
    """While `component` is not live, the force writes `per_hour` sheets of `form` an hour."""

    form: Id
    component: Id
    per_hour: float = Field(gt=0)


class Cast(Part):
    """cast.yaml of a rehearsal."""

    seed: int = 1
    crimes: int = Field(default=25_000, gt=0)
    speed: float = Field(
        default=4320, ge=0, description="simulated seconds a second; 0 steps from event to event"
    )
    step: Span = timedelta(minutes=30)
    paper: tuple[PaperRate, ...] = ()
    spoiled: float = Field(default=0, ge=0, le=1)
    missing: int = Field(default=0, ge=0)
    enact_after: Span = timedelta(minutes=6)
    stand_down_after: Span = timedelta(hours=1)
    returns_after: Span = timedelta(hours=2)
    keyers: tuple[str, str] = ("keyer-1", "keyer-2")
    supervisor: str = "supervisor"
    desks: int = Field(default=24, gt=0)
    discrepancies: float = Field(default=0, ge=0, le=1)
    case_files_per_hour: float = Field(default=0, ge=0)
    duplicate: str = ""
    answers: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="system -> path -> what the stand-in of a system of your own answers there",
    )


def read_cast(path: Path) -> Cast:
    """Raises Invalid with every problem of the file, each on its line."""
    return read_yaml(path, Cast)


def poisson(dice: Random, mean: float) -> int:
    """A Poisson count (Knuth), exact for the small means of one step."""
    limit, count, product = math.exp(-mean), 0, dice.random()
    while product > limit:
        count += 1
        product *= dice.random()
    return count
