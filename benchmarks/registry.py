"""Which benchmarks there are, what each shows and may cost at most: benchmarks.yaml, read and checked."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from benchmarks.measuring import ROOT

TABLE = Path(__file__).with_name("benchmarks.yaml")
BY_TESTS = Path(__file__).with_name("shown_by_tests.yaml")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Told):
    """One figure of an issue: what it says, its unit, and what it may be at most or must be at least."""

    says: str
    issue: int
    unit: str
    most: float | None = None
    least: float | None = None

    def kept(self, value: float) -> bool | None:
        """Whether a value is within the budget; None where there is none."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


class Sizes(_Told):
    """A size that can grow: the option that sets it, the sizes to take, and the figure that is drawn."""

    axis: str
    option: str
    at: tuple[int, ...]
    leading: str


class Benchmark(_Told):
    """One benchmark: how it is run at full and at small size, and the figures that it tells."""

    name: str
    shows: str
    minutes: float
    runs: tuple[str, ...]
    quick: tuple[str, ...]
    figures: Mapping[str, Figure]
    module: str = ""
    command: str = ""
    peers: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    needs: str = ""  # a program that has to be there
    sizes: Sizes | None = None
    whole: Mapping[str, str] = {}  # what the harness measures -> the figure's name

    def words(self, arguments: str, place: str = "") -> list[str]:
        """The command of one run."""
        if self.command:
            return [*shlex.split(self.command.format(place=place)), *shlex.split(arguments)]
        return [sys.executable, "-m", f"benchmarks.{self.module}", *shlex.split(arguments)]

    def said(self, arguments: str) -> str:
        """The same as a person types it."""
        words = self.command.format(place="FOLDER") if self.command else f"python -m benchmarks.{self.module}"
        return f"{words} {arguments}".strip()

    def at(self, size: int) -> str:
        assert self.sizes is not None
        return f"{self.sizes.option} {size}"


class Group(_Told):
    group: str
    benchmarks: tuple[Benchmark, ...]


class ByTest(_Told):
    """A figure that a test asserts."""

    issue: int
    says: str
    where: str


def groups(table: Path = TABLE) -> tuple[Group, ...]:
    """Every benchmark, by what it is about. Raises ValidationError for a table that is not as it should be."""
    return tuple(Group.model_validate(one) for one in yaml.safe_load(table.read_text(encoding="utf-8")))


def benchmarks(of: Sequence[Group] | None = None) -> dict[str, Benchmark]:
    return {one.name: one for group in of or groups() for one in group.benchmarks}


def by_tests(table: Path = BY_TESTS) -> Iterator[ByTest]:
    yield from map(ByTest.model_validate, yaml.safe_load(table.read_text(encoding="utf-8")))


def module_of(one: Benchmark) -> Path:
    return ROOT / "benchmarks" / f"{one.module.replace('.', '/')}.py"
