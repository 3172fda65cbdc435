"""What the programme has declared before its window: contingency/*.yaml, checked as one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from contingency.domain.clocks import ClockRules
from contingency.domain.discovery import Discovery
from contingency.domain.fallback import Fallback
from contingency.domain.staffing import KeyerShift
from contingency.domain.triage import TriagePolicy
from contingency.domain.triggers import Play, Trigger
from contingency.domain.warnings import Warnings
from contingency.target_file import TargetDeclaration
from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Part, Programme
from cutover.store.documents import line_of, nodes_of, read_yaml

SHIPPED_CLOCKS = Path(__file__).parent / "clocks.yaml"


class ContingencyFile(Part):
    """One file under contingency/: any of triggers, plays, triage policy, clocks and the target."""

    triggers: tuple[Trigger, ...] = ()
    plays: tuple[Play, ...] = ()
    triage: TriagePolicy | None = None
    clocks: ClockRules | None = None
    minutes: dict[str, float] = Field(
        default_factory=dict, description="kind of register item -> minutes that one takes"
    )
    discoveries: tuple[Discovery, ...] = ()
    keyers: tuple[KeyerShift, ...] = Field(
        default=(),
        description="who keys when, on the programme's wall clock; none: the teams of keyers, evenly",
    )
    fallbacks: tuple[Fallback, ...] = Field(
        default=(), description="for how long the old system of a component is a way back"
    )
    warnings: Warnings | None = Field(default=None, description="who is told of time limits")
    target: TargetDeclaration | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError(f"declares nothing: expected one of {', '.join(type(self).model_fields)}")
        return self


@dataclass(frozen=True, slots=True)
class PlayBook:
    """Triggers and plays by id, the triage policy and the clocks in force."""

    triggers: dict[str, Trigger] = field(default_factory=dict)
    plays: dict[str, Play] = field(default_factory=dict)
    triage: TriagePolicy = field(default_factory=TriagePolicy)
    clocks: ClockRules = field(default_factory=ClockRules)
    minutes: dict[str, float] = field(default_factory=dict)
    discoveries: dict[str, Discovery] = field(default_factory=dict)
    keyers: tuple[KeyerShift, ...] = ()
    fallbacks: dict[str, Fallback] = field(default_factory=dict)
    warnings: Warnings = field(default_factory=Warnings)
    target: TargetDeclaration = field(default_factory=TargetDeclaration)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as read, with its YAML nodes to find a line by."""

    path: Path
    file: ContingencyFile

    def problem(self, location: tuple[int | str, ...], message: str, near: str = "") -> Problem:
        node = nodes_of(self.path)
        dotted = ".".join(str(step + 1) if isinstance(step, int) else step for step in location)
        return Problem(message, str(self.path), line_of(node, location), dotted, nearest=near)


@dataclass(frozen=True, slots=True)
class _Known:
    """The names there are, by what they name; None: not known here, so not checked."""

    plays: Collection[str]
    monitors: Collection[str] | None
    forms: Collection[str] | None
    programme: Programme | None

    def of(self, what: str) -> Collection[str] | None:
        if what in ("person", "component", "station"):
            parts = {"person": "people", "component": "components", "station": "stations"}[what]
            return None if self.programme is None else {part.id for part in getattr(self.programme, parts)}
        return {"play": self.plays, "monitor": self.monitors, "form": self.forms}[what]


def load_plays(
    folder: Path,
    programme: Programme | None = None,
    *,
    monitors: Collection[str] | None = None,
    forms: Collection[str] | None = None,
) -> PlayBook:
    """Read every file of `folder`; names are checked against what is known of the programme, mappings against `forms` by id.

    Raises Invalid with every problem of every file. A folder that is not there declares nothing.
    """
    problems: list[Problem] = []
    reads: list[_Read] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            reads.append(_Read(path, read_yaml(path, ContingencyFile)))
        except Invalid as error:
            problems += error.problems
    known = _Known({play.id for read in reads for play in read.file.plays}, monitors, forms, programme)
    problems += [*_twice(reads), *(found for read in reads for found in _unknown(read, known))]
    if isinstance(forms, Mapping):
        problems += [found for read in reads for found in _unmappable(read, forms)]
    if problems:
        raise Invalid(*problems)
    files = [read.file for read in reads]
    return PlayBook(
        triggers={trigger.id: trigger for file in files for trigger in file.triggers},
        plays={play.id: play for file in files for play in file.plays},
        triage=next((file.triage for file in files if file.triage), TriagePolicy()),
        clocks=next((file.clocks for file in files if file.clocks), None) or shipped_clocks(),
        minutes={kind: each for file in files for kind, each in file.minutes.items()},
        discoveries={one.id: one for file in files for one in file.discoveries},
        keyers=tuple(shift for file in files for shift in file.keyers),
        fallbacks={one.component: one for file in files for one in file.fallbacks},
        warnings=next((file.warnings for file in files if file.warnings), Warnings()),
        target=next((file.target for file in files if file.target), TargetDeclaration()),
    )


def shipped_clocks() -> ClockRules:
    """The limits that come with the package: general knowledge, to be checked locally."""
    return read_yaml(SHIPPED_CLOCKS, ClockRules)


def _twice(reads: Iterable[_Read]) -> Iterable[Problem]:
    seen: dict[tuple[str, str], Path] = {}
    for read in reads:
        for location, name in _declared(read.file):
            kind = str(location[0])
            if first := seen.get((kind, name)):
                what = f"'{name}'" if name else kind
                yield read.problem(location, f"{what} is declared twice (first in {first.name})")
            seen.setdefault((kind, name), read.path)


def _declared(file: ContingencyFile) -> Iterable[tuple[tuple[int | str, ...], str]]:
    yield from ((("triggers", i), trigger.id) for i, trigger in enumerate(file.triggers))
    yield from ((("plays", i), play.id) for i, play in enumerate(file.plays))
    yield from ((("discoveries", i), one.id) for i, one in enumerate(file.discoveries))
    yield from ((("fallbacks", i), one.component) for i, one in enumerate(file.fallbacks))
    yield from (((kind,), "") for kind in ("triage", "clocks", "warnings", "target") if getattr(file, kind))


def _unknown(read: _Read, known: _Known) -> Iterable[Problem]:
    for location, what, name in _named(read.file):
        names = known.of(what)
        if names is not None and name not in names:
            yield read.problem(location, f"no {what} is named '{name}'", nearest(name, names))


def _unmappable(read: _Read, forms: Mapping[str, Any]) -> Iterable[Problem]:
    """What the target's declaration says that cannot be."""
    if read.file.target is not None:
        for location, message, near in read.file.target.faults(forms):
            yield read.problem(("target", *location), message, near)


def _named(file: ContingencyFile) -> Iterable[tuple[tuple[int | str, ...], str, str]]:
    """Every name a file uses: where it stands, what it should name, the name."""
    for i, trigger in enumerate(file.triggers):
        yield ("triggers", i, "play"), "play", trigger.play
        yield ("triggers", i, "monitor"), "monitor", trigger.monitor
        yield ("triggers", i, "decider"), "person", trigger.decider
        yield from ((("triggers", i, "others", n), "person", who) for n, who in enumerate(trigger.others))
        for n, alternate in enumerate(trigger.alternates):
            yield ("triggers", i, "alternates", n, "person"), "person", alternate.person
    yield from (
        (("fallbacks", i, "component"), "component", one.component) for i, one in enumerate(file.fallbacks)
    )
    for part in ("to", "escalate_to") if file.warnings else ():
        who_of = getattr(file.warnings, part)
        yield from ((("warnings", part, n), "person", who) for n, who in enumerate(who_of))
    for i, play in enumerate(file.plays):
        yield ("plays", i, "component"), "component", play.component
        yield from ((("plays", i, "stations", n), "station", name) for n, name in enumerate(play.stations))
        yield from ((("plays", i, "blocks", name), "form", name) for name in play.blocks)
        if play.hands_over:
            yield ("plays", i, "hands_over"), "form", play.hands_over
