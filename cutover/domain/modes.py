"""Live, read-only, paper, dark: in which mode a component is, and what each mode allows.

Theory: a component is always in exactly one mode, and every change of mode is a recorded decision with a
reason. From any mode every other is reachable, because an outage asks nobody; switching to the mode it is
already in is refused, so that two people flipping the same switch do not both believe they did it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table


class Mode(StrEnum):
    LIVE = "live"
    READ_ONLY = "read_only"
    PAPER = "paper"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Allows:
    """What staff may do with a component in a mode."""

    read: bool
    write: bool
    paper: bool


RULES: dict[Mode, Allows] = {
    Mode.LIVE: Allows(read=True, write=True, paper=False),
    Mode.READ_ONLY: Allows(read=True, write=False, paper=True),
    Mode.PAPER: Allows(read=False, write=False, paper=True),
    Mode.DARK: Allows(read=False, write=False, paper=False),
}


class _Switch(Event):
    reason: str
    cause: str = ""


class WentLive(_Switch):
    """The component takes reads and writes."""


class WentReadOnly(_Switch):
    """The component can be looked at, not written to; new records go on paper."""


class WentToPaper(_Switch):
    """Nobody uses the component; staff write on controlled stationery."""


class WentDark(_Switch):
    """The component is off and nothing replaces it."""


class SwitchMode(Command):
    to: Mode
    reason: str = Field(min_length=1)
    cause: str = ""


EVENTS = (WentLive, WentReadOnly, WentToPaper, WentDark)
_LEADS_TO: dict[Mode, type[_Switch]] = {
    Mode.LIVE: WentLive,
    Mode.READ_ONLY: WentReadOnly,
    Mode.PAPER: WentToPaper,
    Mode.DARK: WentDark,
}

MODES = Table(
    name="component mode",
    theory="always in exactly one mode; any other mode is one recorded decision away",
    stages=Mode,
    start=Mode.LIVE,
    terminal=frozenset(),
    moves={(at, event): to for to, event in _LEADS_TO.items() for at in Mode if at != to},
)


@dataclass(frozen=True, slots=True)
class ComponentState:
    """The mode of a component, since when, why and on whose word."""

    mode: Mode = Mode.LIVE
    since: datetime | None = None
    reason: str = ""
    by: str = ""


def decide(state: ComponentState, command: SwitchMode, now: datetime) -> Sequence[Event]:
    del now
    event = _LEADS_TO[command.to]
    MODES.next(state.mode, event)
    return [event(reason=command.reason, cause=command.cause)]


def evolve(state: ComponentState, fact: Fact) -> ComponentState:
    assert isinstance(fact.event, _Switch)  # the stream holds nothing else
    return ComponentState(MODES.next(state.mode, type(fact.event)), fact.at, fact.event.reason, fact.actor)


COMPONENT = Machine("component", ComponentState(), decide, evolve)


def component_stream(component_id: str) -> str:
    return f"component:{component_id}"
