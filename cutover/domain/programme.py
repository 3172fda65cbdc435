"""What is being replaced, by whom, where and when: components, teams, people, stations, window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from cutover.core.clock import to_utc
from cutover.core.duration import parse_duration, show_duration
from cutover.core.errors import Invalid, nearest
from cutover.domain.modes import Mode


def _duration(value: object) -> object:
    try:
        return parse_duration(value) if isinstance(value, str | int | float) else value
    except Invalid as error:
        raise ValueError(str(error)) from error


Span = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(show_duration, return_type=str, when_used="json")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=80)]


class Part(BaseModel):
    """A piece of a programme file: frozen, and a word it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Component(Part):
    """One system being replaced, decided, moded and rolled back on its own."""

    id: Id
    title: str
    mode: Mode = Mode.LIVE
    system: str = Field(default="", description="name under `systems` of what takes its records and answers its probes")
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
    backout: Span = Field(default=timedelta(0), description="how long the way back takes from the point of no return")


class Programme(Part):
    """programme.yaml. Raises a validation error for a window that closes before it opens or an unknown id."""

    title: str
    zone: str = "UTC"
    window: Window
    components: tuple[Component, ...] = ()
    systems: dict[str, str] = Field(default_factory=dict, description="name -> base URL; a rehearsal puts the range here")
    teams: tuple[Team, ...] = ()
    people: tuple[Person, ...] = ()
    stations: tuple[Station, ...] = ()
    partners: tuple[Partner, ...] = ()
    standards: dict[str, Span] = Field(default_factory=dict, description="service standard by form type or queue")

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if self.zone not in available_timezones():
            near = nearest(self.zone, available_timezones())
            raise ValueError(f"zone: '{self.zone}' is not an IANA zone" + (f"; did you mean '{near}'?" if near else ""))
        try:
            opens, closes = self.opens, self.closes
        except Invalid as error:
            raise ValueError(f"window: {error}") from error
        if closes <= opens:
            raise ValueError(f"window.closes: {closes:%Y-%m-%dT%H:%MZ} is not after window.opens {opens:%Y-%m-%dT%H:%MZ}")
        self._known("people", "team", ((p.id, p.team) for p in self.people if p.team), {t.id for t in self.teams})
        self._known("components", "depends_on", ((c.id, d) for c in self.components for d in c.depends_on), {c.id for c in self.components})
        for name in ("components", "teams", "people", "stations", "partners"):
            ids = [part.id for part in getattr(self, name)]
            if twice := next((i for i in ids if ids.count(i) > 1), None):
                raise ValueError(f"{name}: id '{twice}' is given twice")
        return self

    def _known(self, where: str, field: str, pairs: object, known: set[str]) -> None:
        for owner, name in pairs:  # type: ignore[attr-defined]
            if name not in known:
                near = nearest(name, known)
                raise ValueError(f"{where}.{owner}.{field}: unknown '{name}'" + (f"; did you mean '{near}'?" if near else ""))

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
