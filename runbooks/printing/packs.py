"""Which tasks go into which pack: the whole plan, one for each stream, each station and each person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cutover.core.errors import NotFound
from cutover.domain.programme import Station
from runbooks.domain.plan import Task, TaskType
from runbooks.printing.laid import Laid

AT_STATIONS = "station"  # the role, among a team's people, of whoever works at the stations
PLACES = ("station", "location", "site", "place")  # columns in which imported plans name a station


class Kind(StrEnum):
    """What a pack is for; its capital letter begins every line number of the pack."""

    WHOLE = "runbook"
    STREAM = "stream"
    STATION = "station"
    PERSON = "person"

    @property
    def letter(self) -> str:
        return {"runbook": "R", "stream": "S", "station": "T", "person": "P"}[self]


@dataclass(frozen=True, slots=True)
class Pack:
    """One bundle of paper: for what or whom, and its tasks. `notes` says why a task is in it, where that is not plain."""

    kind: Kind
    id: str
    title: str
    tasks: tuple[Task, ...]
    notes: Mapping[str, str]

    @property
    def file_name(self) -> str:
        return "runbook.pdf" if self.kind is Kind.WHOLE else f"{self.kind}-{self.id}.pdf"


def packs_of(laid: Laid) -> Iterator[Pack]:
    """The whole plan, then every stream, station and person that has anything to do."""
    yield pack_of(laid, Kind.WHOLE, "")
    for kind, ids in _ids(laid).items():
        for name in ids:
            pack = pack_of(laid, kind, name)
            if pack.tasks:
                yield pack


def pack_of(laid: Laid, kind: Kind, name: str) -> Pack:
    """One pack. Raises NotFound for a stream, station or person that nobody knows."""
    known = _ids(laid).get(kind, [""])
    if name not in known:
        raise NotFound(str(kind), name, known)
    return _PACKS[kind](laid, name)


def _ids(laid: Laid) -> dict[Kind, list[str]]:
    streams = dict.fromkeys(
        [s.id for s in laid.runbook.streams] + [t.stream for t in laid.runbook.tasks if t.stream]
    )
    people = dict.fromkeys([p.id for p in laid.programme.people])
    people |= dict.fromkeys(who for t in laid.runbook.tasks for who in (t.owner, t.deputy) if who)
    return {
        Kind.STREAM: list(streams),
        Kind.STATION: [station.id for station in laid.programme.stations],
        Kind.PERSON: list(people),
    }


def _chosen(laid: Laid, kind: Kind, name: str, title: str, why: Callable[[Task], str | None]) -> Pack:
    notes = {task.id: word for task in laid.runbook.tasks if (word := why(task)) is not None}
    return Pack(kind, name, title, tuple(laid.in_order(frozenset(notes))), notes)


def _whole(laid: Laid, _name: str) -> Pack:
    return _chosen(laid, Kind.WHOLE, "", laid.runbook.title, laid.stream)


def _stream(laid: Laid, name: str) -> Pack:
    title = next((s.title for s in laid.runbook.streams if s.id == name), name)
    return _chosen(laid, Kind.STREAM, name, title, lambda task: "" if task.stream == name else None)


def _station(laid: Laid, name: str) -> Pack:
    station = laid.programme.at_station(name)
    there = {p.team for p in laid.programme.people if p.team and AT_STATIONS in p.roles}
    return _chosen(laid, Kind.STATION, name, station.title, lambda task: _at_station(task, station, there))


def _at_station(task: Task, station: Station, there: set[str]) -> str | None:
    """A task that names the station; one of the stations' own team; or one that changes what stations work with."""
    named = {
        v.strip().casefold() for k, v in task.custom.items() if k.strip().casefold() in PLACES and v.strip()
    }
    if named:
        return "" if named & {station.id.casefold(), station.title.casefold()} else None
    if task.team in there:
        return "every station"
    if task.action is not None and task.action.kind == "mode":
        return "changes what you work with"
    tells = task.type is TaskType.COMMS or task.audience
    return "you are told" if tells and AT_STATIONS in task.audience.casefold() else None


def _person(laid: Laid, name: str) -> Pack:
    known = laid.programme.person(name)
    team = known.team if known else ""

    def why(task: Task) -> str | None:
        if task.owner == name:
            return "yours"
        if task.gate is not None:
            return "you decide" if name in task.gate.deciders else None
        if task.deputy == name:
            return f"you are deputy to {laid.name(task.owner)}" if task.owner else "you are deputy"
        return "your team" if team and task.team == team and not task.owner else None

    return _chosen(laid, Kind.PERSON, name, laid.name(name), why)


_PACKS: Mapping[Kind, Callable[[Laid, str], Pack]] = {
    Kind.WHOLE: _whole,
    Kind.STREAM: _stream,
    Kind.STATION: _station,
    Kind.PERSON: _person,
}
