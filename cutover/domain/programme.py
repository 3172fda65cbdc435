"""What is being replaced, by whom, where and when: components, teams, people, stations, window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from cutover.core.clock import to_utc
from cutover.core.duration import parse_duration, spell_duration
from cutover.core.errors import Invalid, nearest
from cutover.domain.modes import Mode


def _duration(value: object) -> object:
    try:
        return parse_duration(value) if isinstance(value, str | int | float) else value
    except Invalid as error:
        raise ValueError(str(error)) from error


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _hint(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; did you mean '{near}'?" if near else ""


Span = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(spell_duration, return_type=str, when_used="json")
]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=80)]


class Part(BaseModel):
    """A piece of a programme file: frozen, and a word it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Component(Part):
    """One system being replaced, decided, moded and rolled back on its own."""

    id: Id
    title: str
    mode: Mode = Mode.LIVE
    system: str = Field(
        default="", description="name under `systems` of what takes its records and answers its probes"
    )
    depends_on: tuple[str, ...] = ()


class Team(Part):
    id: Id
    title: str
    capacity: int = Field(default=1, ge=1, description="how many tasks the team can do at once")


class Person(Part):
    id: Id
    name: str
    team: str = ""
    roles: tuple[str, ...] = ()


class Station(Part):
    id: Id
    title: str
    district: str = ""


class Partner(Part):
    """Someone outside who depends on us: told, asked to acknowledge, and counted on for an independent figure."""

    id: Id
    title: str
    channel: str = "file"
    address: str = ""


class Window(Part):
    """The change window. Wall times are read in the programme's zone; it may cross a clock change."""

    opens: datetime
    closes: datetime
    backout: Span = Field(
        default=timedelta(0), description="how long the way back takes from the point of no return"
    )


class Programme(Part):
    """programme.yaml. Raises a validation error for a window that closes before it opens or an unknown id."""

    title: str
    zone: str = "UTC"
    window: Window
    components: tuple[Component, ...] = ()
    systems: dict[str, str] = Field(
        default_factory=dict, description="name -> base URL; a rehearsal puts the range here"
    )
    teams: tuple[Team, ...] = ()
    people: tuple[Person, ...] = ()
    stations: tuple[Station, ...] = ()
    partners: tuple[Partner, ...] = ()
    standards: dict[str, Span] = Field(
        default_factory=dict, description="service standard by form type or queue"
    )

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        faults = [*self._window_faults(), *self._name_faults(), *self._dependency_faults()]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _window_faults(self) -> Iterator[str]:
        if not _is_zone(self.zone):
            hint = _hint(self.zone, available_timezones())
            yield f"zone: '{self.zone}' is not an IANA zone{hint}"
            return
        try:
            opens, closes = self.opens, self.closes
        except Invalid as error:
            yield f"window: {error}"
            return
        if closes <= opens:
            yield f"window.closes: {closes:%Y-%m-%dT%H:%MZ} is not after window.opens {opens:%Y-%m-%dT%H:%MZ}; expected a later time"

    def _name_faults(self) -> Iterator[str]:
        for name in ("components", "teams", "people", "stations", "partners"):
            ids = [part.id for part in getattr(self, name)]
            yield from (
                f"{name}.{i}: id '{i}' is given twice" for i in sorted({i for i in ids if ids.count(i) > 1})
            )
        teams, components = {t.id for t in self.teams}, {c.id for c in self.components}
        for person in self.people:
            if person.team and person.team not in teams:
                yield f"people.{person.id}.team: unknown team '{person.team}'{_hint(person.team, teams)}"
        for component in self.components:
            for other in component.depends_on:
                if other not in components:
                    where = f"components.{component.id}.depends_on"
                    yield f"{where}: unknown component '{other}'{_hint(other, components)}"

    def _dependency_faults(self) -> Iterator[str]:
        try:
            tuple(TopologicalSorter({c.id: c.depends_on for c in self.components}).static_order())
        except CycleError as error:
            circle = [str(name) for name in reversed(error.args[1])]
            yield f"components.{circle[0]}.depends_on: a circle: {' needs '.join(circle)}"

    @property
    def opens(self) -> datetime:
        """When the window opens, UTC."""
        return to_utc(self.window.opens, self.zone)

    @property
    def closes(self) -> datetime:
        """When the window closes, UTC."""
        return to_utc(self.window.closes, self.zone)

    def local(self, at: datetime) -> datetime:
        """A UTC moment on the programme's wall clock."""
        return at.astimezone(ZoneInfo(self.zone))

    def component(self, component_id: str) -> Component | None:
        return next((c for c in self.components if c.id == component_id), None)

    def person(self, person_id: str) -> Person | None:
        return next((p for p in self.people if p.id == person_id), None)
