"""What is known of a run's surroundings: is Prefect's picture of it whole, was a clock stepped under it.

Theory: the picture is unknown until it is compared, then whole or gapped, and each comparison says it anew. A
stepped clock changes nothing of that; it is written down because people compare times afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table


class Picture(StrEnum):
    UNKNOWN = "unknown"
    WHOLE = "whole"
    GAPPED = "gapped"


class HistoryFoundWhole(Event):
    """Every automated step that was begun is on record in Prefect."""

    performed: int


class HistoryFoundGapped(Event):
    """Prefect shows fewer steps than the journal says were begun: it was away, or lost what it had been sent."""

    performed: int
    recorded: int


class ClockStepped(Event):
    """The machine's wall clock was set under a runner, by so many seconds; the run kept its own time."""

    seconds: float
    runner: str


class CompareHistory(Command):
    performed: int = Field(ge=0)
    recorded: int = Field(ge=0)


class NoteClockStep(Command):
    seconds: float
    runner: str


EVENTS = (HistoryFoundWhole, HistoryFoundGapped, ClockStepped)

WEATHER = Table(
    name="weather",
    theory="the picture in Prefect is unknown, whole or gapped as last compared; clock steps are noted beside it",
    stages=Picture,
    start=Picture.UNKNOWN,
    terminal=frozenset(),
    moves={
        **{(at, HistoryFoundWhole): Picture.WHOLE for at in Picture},
        **{(at, HistoryFoundGapped): Picture.GAPPED for at in Picture},
        **{(at, ClockStepped): at for at in Picture},
    },
)


@dataclass(frozen=True, slots=True)
class Weather:
    """The last comparison, and every step of a clock: when it was noticed and by how many seconds."""

    picture: Picture = Picture.UNKNOWN
    performed: int = 0
    recorded: int = 0
    clock_steps: tuple[tuple[datetime, float], ...] = ()

    @property
    def missing(self) -> int:
        return max(0, self.performed - self.recorded)


def decide(state: Weather, command: Command, now: datetime) -> Sequence[Event]:
    """What has not changed since the last comparison is not said again."""
    del now
    if isinstance(command, NoteClockStep):
        return [ClockStepped(seconds=command.seconds, runner=command.runner)]
    if not isinstance(command, CompareHistory):
        raise Refused(f"weather: {type(command).__name__} is not a command of a run's surroundings")
    whole = command.recorded >= command.performed
    seen = command.performed if whole else command.recorded
    if state.picture is not Picture.UNKNOWN and (state.performed, state.recorded) == (
        command.performed,
        seen,
    ):
        return []
    if whole:
        return [HistoryFoundWhole(performed=command.performed)]
    return [HistoryFoundGapped(performed=command.performed, recorded=command.recorded)]


_EVOLVES: Mapping[type[Event], Callable[[Weather, Any, datetime], Weather]] = {
    HistoryFoundWhole: lambda s, e, _: replace(s, performed=e.performed, recorded=e.performed),
    HistoryFoundGapped: lambda s, e, _: replace(s, performed=e.performed, recorded=e.recorded),
    ClockStepped: lambda s, e, at: replace(s, clock_steps=(*s.clock_steps, (at, e.seconds))),
}


def evolve(state: Weather, fact: Fact) -> Weather:
    event = fact.event
    return replace(
        _EVOLVES[type(event)](state, event, fact.at), picture=WEATHER.next(state.picture, type(event))
    )


WEATHER_MACHINE = Machine("weather", Weather(), decide, evolve)


def weather_stream(run_id: str) -> str:
    return f"weather:{run_id}"


def weather_words(seen: Weather) -> list[str]:
    """What people should know of it, one sentence each; nothing when all is well."""
    said = []
    if seen.picture is Picture.GAPPED:
        said.append(
            f"Prefect shows {seen.recorded} of {seen.performed} automated steps: {seen.missing} were performed "
            "while it was away or were lost by it; the journal has all of them"
        )
    said += [
        f"a runner's clock was stepped by {seconds:+.0f} s at {at:%d %b %H:%M}Z; the run kept its own time"
        for at, seconds in seen.clock_steps
    ]
    return said
