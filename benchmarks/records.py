"""What was measured last: one file a benchmark, and in it each figure with its own command, date and load.

A run at full size replaces the figures it has measured and leaves the others as they stand, each with its own date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

PLACE = Path(__file__).with_name("results")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Told):
    """One figure as it was last seen."""

    value: float
    date: str
    command: str
    load: str = ""
    note: str = ""


class Run(_Told):
    """One run of a command: on what, beside what, and what it took in all."""

    command: str
    date: str
    code: int | None
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    peers: tuple[str, ...]
    load: tuple[float, float]
    cpu: float
    wall: float
    largest: int  # MiB of its largest process
    together: int  # MiB of all its processes at one moment


class Point(_Told):
    """One size of a benchmark that can grow."""

    size: int
    cpu: float
    together: int
    figures: Mapping[str, float]


class Growth(_Told):
    axis: str
    leading: str
    date: str
    load: tuple[float, float]
    points: tuple[Point, ...]


class Result(_Told):
    """Everything that is known of one benchmark."""

    name: str
    figures: Mapping[str, Measured] = {}
    runs: tuple[Run, ...] = ()
    growth: Growth | None = None

    def with_run(self, run: Run, figures: Mapping[str, Measured]) -> Result:
        """The run in place of the last one with the same command, and its figures in place of theirs."""
        others = tuple(one for one in self.runs if one.command != run.command)
        return self.model_copy(update={"figures": {**self.figures, **figures}, "runs": (*others, run)})


def read(name: str, place: Path = PLACE) -> Result:
    file = place / f"{name}.json"
    return (
        Result.model_validate_json(file.read_text(encoding="utf-8")) if file.exists() else Result(name=name)
    )


def write(result: Result, place: Path = PLACE) -> None:
    place.mkdir(parents=True, exist_ok=True)
    said: dict[str, Any] = result.model_dump(mode="json")
    text = json.dumps(said, indent=1, ensure_ascii=False)
    (place / f"{result.name}.json").write_text(text + "\n", encoding="utf-8")
