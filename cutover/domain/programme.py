"""What is being replaced, by whom, where and when: components, teams, people, stations, window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from cutover.core.clock import to_utc
from cutover.core.duration import parse_duration, spell_duration
from cutover.core.errors import Invalid, NotFound, hint
from cutover.domain.modes import Mode
from cutover.domain.webhook import Webhook


def _duration(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{value} is no length of time")  # noqa: TRY004  told like every other one that is none
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


def _day(name: str) -> int:
    """Monday is 0; `mon`, `thurs` and `sunday` are days, `mo` is none: -1."""
    return next((i for i, day in enumerate(_DAYS) if len(name) >= len("mon") and day.startswith(name)), -1)


Span = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(spell_duration, return_type=str, when_used="json")
]
NAMED = r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}"  # what files, links and folders can be named by
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$", max_length=80)]


FIRST_YEAR, LAST_YEAR = 2000, 2199  # a slip of the keyboard is none of these
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Part(BaseModel):
    """A piece of a programme file: frozen, and a word it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Component(Part):
    """One system being replaced, decided, moded and rolled back on its own."""

    id: Id
    title: str
    mode: Mode = Mode.LIVE
    system: str = Field(
        default="", description="name under `systems` of what takes its records and answers its probes"
    )
    depends_on: tuple[str, ...] = ()


class Shift(Part):
    """A stretch of duty. Wall times are read in the programme's zone."""

    begins: datetime
    ends: datetime
    capacity: int | None = Field(
        default=None, ge=0, description="how many tasks the team can do at once in it; default: the team's"
    )


class Team(Part):
    id: Id
    title: str
    capacity: int = Field(default=1, ge=1, description="how many tasks the team can do at once")
    shifts: tuple[Shift, ...] = Field(
        default=(), description="when the team is there; outside them nobody is. None given: round the clock"
    )


class Person(Part):
    id: Id
    name: str
    team: str = ""
    roles: tuple[str, ...] = ()
    station: str = Field(
        default="",
        description="the station whose paper a person with the role `station` logs; none given: no station's",
    )
    skills: tuple[str, ...] = Field(
        default=(), description="for levelling; and a restricted form is keyed by who has its id among them"
    )
    shifts: tuple[Shift, ...] = Field(
        default=(), description="when the person is on duty; none given: whenever needed, with the legal rest"
    )
    login: str = Field(
        default="",
        description="what a single sign-on calls this person; none given: no single sign-on for them",
    )
    badge: str = Field(
        default="",
        description="the number that, with a PIN, signs in at the shared PCs of the person's station",
    )
    phone: str = Field(default="", description="for the phone tree of the printed packs")
    notices: str = Field(
        default="",
        description="the name of the secret that holds where notices go: an Apprise URL; none given: a file in state/notices",
    )


class SingleSignOn(Part):
    """How what an OpenID provider says of somebody is read: who it is, and which roles its groups bring."""

    person_claim: str = Field(
        default="email",
        description="the claim that says who somebody is: what a person's `login` is compared with",
    )
    roles_claim: str = Field(
        default="",
        description="the claim that lists groups, such as groups; none given: groups bring no role",
    )
    roles: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="group -> the roles it brings, beside those that stand at the person",
    )


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
    test_address: str = Field(
        default="", description="who is told instead while a run's comms are on test; none: a file"
    )


class Hours(Part):
    """Working hours of a calendar: `days: mon-fri`, `opens: 08:00`, `closes: 18:00`; a wall clock's hours."""

    days: str = Field(default="mon-sun", description="such as mon-fri, sat, mon,wed-thu")
    opens: time
    closes: time = Field(description="00:00 is the midnight that ends the day")

    @property
    def weekdays(self) -> frozenset[int]:
        """The days as numbers, Monday 0."""
        found: set[int] = set()
        for part in self.days.casefold().replace(" ", "").split(","):
            first, _, last = part.partition("-")
            begin, end = (_day(name) for name in (first, last or first))
            if min(begin, end) < 0:
                raise ValueError(part)
            found |= {(begin + n) % 7 for n in range((end - begin) % 7 + 1)}
        return frozenset(found)

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        try:
            _ = self.weekdays
        except ValueError as error:
            raise ValueError(f"days '{self.days}' are none; expected such as mon-fri or sat,sun") from error
        if self.closes <= self.opens and self.closes != time(0):
            raise ValueError("closes before it opens; hours over midnight are two entries")
        return self


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
    calendars: dict[str, tuple[Hours, ...]] = Field(
        default_factory=dict, description="name -> working hours, for tasks that cannot go on round the clock"
    )
    stations: tuple[Station, ...] = ()
    partners: tuple[Partner, ...] = ()
    single_sign_on: SingleSignOn = SingleSignOn()
    webhooks: tuple[Webhook, ...] = Field(
        default=(), description="outside systems that are told of facts, signed, as CloudEvents"
    )
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
            yield f"zone: '{self.zone}' is not an IANA zone{hint(self.zone, available_timezones())}"
            return
        for name, wall in (("opens", self.window.opens), ("closes", self.window.closes)):
            if not FIRST_YEAR <= wall.year <= LAST_YEAR:
                yield f"window.{name}: the year {wall.year}; expected {FIRST_YEAR} to {LAST_YEAR}"
                return
        try:
            opens, closes = self.opens, self.closes
        except Invalid as error:
            yield f"window: {error}"
            return
        if closes <= opens:
            yield f"window.closes: {closes:%Y-%m-%dT%H:%MZ} is not after window.opens {opens:%Y-%m-%dT%H:%MZ}; expected a later time"

    def _name_faults(self) -> Iterator[str]:
        for name in ("components", "teams", "people", "stations", "partners", "webhooks"):
            ids = [part.id for part in getattr(self, name)]
            yield from (
                f"{name}.{i}: id '{i}' is given twice" for i in sorted({i for i in ids if ids.count(i) > 1})
            )
        for what in ("login", "badge"):
            given = [value.casefold() for person in self.people if (value := str(getattr(person, what)))]
            yield from (f"people: {what} '{v}' is two people's" for v in sorted({v for v in given if given.count(v) > 1}))  # fmt: skip
        for person in self.people:
            yield from self._person_faults(person)
        on_duty: tuple[Team | Person, ...] = (*self.teams, *self.people)
        for part in on_duty:
            yield from self._shift_faults(part)
        components = {c.id for c in self.components}
        for component in self.components:
            for other in component.depends_on:
                if other not in components:
                    where = f"components.{component.id}.depends_on"
                    yield f"{where}: unknown component '{other}'{hint(other, components)}"

    def _person_faults(self, person: Person) -> Iterator[str]:
        for what, named, parts in (
            ("team", person.team, self.teams),
            ("station", person.station, self.stations),
        ):
            known = {part.id for part in parts}
            if named and named not in known:
                yield f"people.{person.id}.{what}: unknown {what} '{named}'{hint(named, known)}"

    def _shift_faults(self, part: Team | Person) -> Iterator[str]:
        for i, shift in enumerate(part.shifts, 1):
            where = f"{'teams' if isinstance(part, Team) else 'people'}.{part.id}.shifts.{i}"
            try:
                begins, ends = to_utc(shift.begins, self.zone), to_utc(shift.ends, self.zone)
            except Invalid as error:
                yield f"{where}: {error}"
                continue
            if ends <= begins:
                yield f"{where}: ends {ends:%Y-%m-%dT%H:%MZ}, not after it begins {begins:%Y-%m-%dT%H:%MZ}"

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

    def on_duty(self, part: Team | Person) -> tuple[tuple[datetime, datetime, int], ...]:
        """The stretches of duty of a team or person, UTC, each with how many tasks at once; none: always there."""
        most = part.capacity if isinstance(part, Team) else 1
        return tuple(
            (
                to_utc(s.begins, self.zone),
                to_utc(s.ends, self.zone),
                most if s.capacity is None else s.capacity,
            )
            for s in part.shifts
        )

    def team(self, team_id: str) -> Team | None:
        return next((t for t in self.teams if t.id == team_id), None)

    def component(self, component_id: str) -> Component | None:
        return next((c for c in self.components if c.id == component_id), None)

    def at_station(self, station_id: str) -> Station:
        """Raises NotFound for a station that the programme does not declare."""
        found = next((s for s in self.stations if s.id == station_id), None)
        if found is None:
            raise NotFound("station", station_id, [s.id for s in self.stations])
        return found

    def station_title(self, station_id: str) -> str:
        """What people call a station; one that the programme does not declare is called as it was named."""
        return next((s.title for s in self.stations if s.id == station_id), station_id)

    def person(self, person_id: str) -> Person | None:
        return self._people.get(person_id)

    def somebody(self, person_id: str) -> Person:
        """Raises NotFound for who is not of the programme."""
        person = self.person(person_id)
        if person is None:
            raise NotFound("person", person_id, self._people)
        return person

    def name_of(self, person_id: str) -> str:
        """What people call somebody; who is not in the programme is called as they were named."""
        person = self.person(person_id)
        return person.name if person else person_id

    @cached_property
    def _people(self) -> dict[str, Person]:
        """By id, made once: a board asks for the name of everybody on it."""
        return {person.id: person for person in reversed(self.people)}
