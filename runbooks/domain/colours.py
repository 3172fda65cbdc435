"""What colour a run and each of its streams is: computed from what happened, with reasons; overridden only by name.

Red: something failed or may have happened unseen, or the end is more likely than one in five to pass the window.
Amber: something is late, held or not known. Green needs a forecast and nothing against it: what is not known is
never green. Whoever overrides a colour says why, and the computed one stays beside theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field

from cutover.core.errors import NotFound, Refused
from cutover.core.event import Command, Event, Fact
from runbooks.domain.plan import TaskType
from runbooks.domain.run_stages import RunStage, TaskStage

if TYPE_CHECKING:
    from runbooks.domain.run_state import RunState, TaskState

WHOLE = "run"
GRACE = timedelta(minutes=5)  # a task this much over its plan is late


class Colour(StrEnum):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    OFF = "off"


class ColourOverridden(Event):
    """`scope` is the run or a stream; the computed colour goes on being computed."""

    typed = frozenset({"reason"})
    scope: str
    colour: Colour
    reason: str


class OverrideLifted(Event):
    scope: str


class OverrideColour(Command):
    scope: str = WHOLE
    colour: Colour
    reason: str = Field(min_length=1)


class LiftOverride(Command):
    scope: str = WHOLE


EVENTS: tuple[type[Event], ...] = (ColourOverridden, OverrideLifted)
ColourCommand = OverrideColour | LiftOverride


@dataclass(frozen=True, slots=True)
class Override:
    colour: Colour
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Shade:
    """A computed colour with its reasons, and what somebody said over it."""

    computed: Colour
    reasons: tuple[str, ...] = ()
    override: Override | None = None

    @property
    def shown(self) -> Colour:
        return self.override.colour if self.override else self.computed

    def said(self, scope: str) -> tuple[str, ...]:
        """In words, for whoever reads a terminal; what is as it should be is one line."""
        if self.override is None:
            return (f"{scope}: {self.computed}" + (f": {'; '.join(self.reasons)}" if self.reasons else ""),)
        why = f"{scope}: {self.shown} says {self.override.by}: {self.override.reason}"
        return (
            why,
            f"  computed: {self.computed}" + (f": {'; '.join(self.reasons)}" if self.reasons else ""),
        )


@dataclass(frozen=True, slots=True)
class Overrides:
    by_scope: Mapping[str, Override] = field(default_factory=lambda: MappingProxyType({}))


def decide(state: RunState, command: ColourCommand) -> Event:
    """Raises NotFound for a scope that the run does not have, Refused for lifting what does not stand."""
    if command.scope not in (known := scopes(state)):
        raise NotFound("stream", command.scope, known)
    if isinstance(command, OverrideColour):
        return ColourOverridden(scope=command.scope, colour=command.colour, reason=command.reason)
    if command.scope not in state.overrides.by_scope:
        raise Refused(f"the colour of {command.scope} is the computed one: there is nothing to lift")
    return OverrideLifted(scope=command.scope)


def evolve(overrides: Overrides, fact: Fact) -> Overrides:
    event = fact.event
    kept = {scope: one for scope, one in overrides.by_scope.items() if scope != getattr(event, "scope", "")}
    if isinstance(event, ColourOverridden):
        kept[event.scope] = Override(event.colour, fact.actor, fact.at, event.reason)
    return Overrides(MappingProxyType(kept))


def scopes(state: RunState) -> tuple[str, ...]:
    """The run itself, then its streams in the order of the plan."""
    return (WHOLE, *dict.fromkeys(task.stream for task in state.plan.values() if task.stream))


def colours(state: RunState, now: datetime) -> dict[str, Shade]:
    """The colour of the run and of each stream at `now`."""
    against: dict[str, list[tuple[Colour, str]]] = {scope: [] for scope in scopes(state)}
    for name, at in state.tasks.under_way():
        for colour, reason in _of_task(state, name, at, now):
            for scope in {WHOLE, state.plan[name].stream} - {""}:
                against[scope].append((colour, reason))
    against[WHOLE] += _of_run(state, now)
    begun = {state.plan[name].stream for name, at in state.tasks.items() if at.started_at or at.is_over}
    return {
        scope: _shade(state, scope, found, begun=bool(begun) if scope == WHOLE else scope in begun)
        for scope, found in against.items()
    }


def _shade(state: RunState, scope: str, found: list[tuple[Colour, str]], *, begun: bool) -> Shade:
    override = state.overrides.by_scope.get(scope)
    for colour in (Colour.RED, Colour.AMBER):
        if reasons := tuple(reason for shade, reason in found if shade is colour):
            return Shade(colour, reasons, override)
    return Shade(Colour.GREEN if begun else Colour.OFF, (), override)


def _of_task(state: RunState, name: str, at: TaskState, now: datetime) -> Iterator[tuple[Colour, str]]:
    task = state.plan[name]
    if at.stage is TaskStage.FAILED:
        word = "is held until it is asked again" if at.held else "said no" if task.gate else "failed"
        yield (Colour.AMBER if at.held else Colour.RED), f"{name} {word}"
    if at.stage is TaskStage.UNCERTAIN:
        yield Colour.RED, f"{name} may have happened: nobody knows yet"
    if (
        at.stage is TaskStage.IN_PROGRESS
        and at.started_at
        and task.expected
        and task.type is not TaskType.APPROVAL
    ):
        due = at.started_at + task.expected
        if max(now, at.expected_end or now) > due + GRACE:
            yield Colour.AMBER, f"{name} is late: it was due {due:%d %b %H:%M}Z"


def _of_run(state: RunState, now: datetime) -> Iterator[tuple[Colour, str]]:
    if state.stage is RunStage.COMPLETE or state.closes is None:
        return
    if state.stage in (RunStage.BACKING_OUT, RunStage.BACKED_OUT, RunStage.CANCELED):
        yield Colour.RED, f"the run is {state.stage.replace('_', ' ')}"
        return
    if state.stage is RunStage.PAUSED:
        yield Colour.AMBER, f"the run is paused: {state.message}"
    if state.armed is not None:
        yield Colour.AMBER, f"a backout is armed by {state.armed.by}: {state.armed.reason}"
    if now > state.closes:
        yield Colour.RED, "the window has closed"
    yield from _of_forecast(state, state.closes)


def _of_forecast(state: RunState, closes: datetime) -> Iterator[tuple[Colour, str]]:
    if (seen := state.forecast) is None:
        yield Colour.AMBER, "there is no forecast of the end"
    elif seen.p80 > closes:
        yield Colour.RED, "more likely than one in five to pass the window"
    elif seen.p95 > closes:
        yield Colour.AMBER, "may pass the window (one in twenty or more)"
