"""Who looked at a restricted form, and at what of it: each look is a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine


class RestrictedSheetViewed(Event):
    """Somebody was shown a restricted form; `what` says which part, never what stands there."""

    what: str


class ViewRestricted(Command):
    what: str


EVENTS: tuple[type[Event], ...] = (RestrictedSheetViewed,)


@dataclass(frozen=True, slots=True)
class LooksState:
    """How often it was looked at."""

    looks: int = 0


def _decide(state: LooksState, command: ViewRestricted, now: datetime) -> Sequence[Event]:
    del state, now
    return [RestrictedSheetViewed(what=command.what)]


def _evolve(state: LooksState, fact: Fact) -> LooksState:
    del fact
    return LooksState(state.looks + 1)


LOOKS = Machine("looks", LooksState(), _decide, _evolve)


def looks_stream(serial: str) -> str:
    return f"looks:{serial}"
