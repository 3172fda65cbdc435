"""Who looked at a restricted form and at what of it, and who printed sheets of one: each is a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine


class RestrictedSheetViewed(Event):
    """Somebody was shown a restricted form; `what` says which part, never what stands there."""

    what: str


class RestrictedSheetsPrinted(Event):
    """Somebody had sheets of a restricted form printed for a station; printed again is another fact."""

    station: str
    first: str
    last: str
    count: int


class ViewRestricted(Command):
    what: str


class PrintRestricted(Command):
    printed: RestrictedSheetsPrinted


EVENTS: tuple[type[Event], ...] = (RestrictedSheetViewed, RestrictedSheetsPrinted)


@dataclass(frozen=True, slots=True)
class LooksState:
    """How often it was looked at."""

    looks: int = 0


def _decide(state: LooksState, command: ViewRestricted | PrintRestricted, now: datetime) -> Sequence[Event]:
    del state, now
    if isinstance(command, PrintRestricted):
        return [command.printed]
    return [RestrictedSheetViewed(what=command.what)]


def _evolve(state: LooksState, fact: Fact) -> LooksState:
    del fact
    return LooksState(state.looks + 1)


LOOKS = Machine("looks", LooksState(), _decide, _evolve)


def looks_stream(serial: str) -> str:
    """Of a sheet by its serial; of what was printed by the form's id."""
    return f"looks:{serial}"
