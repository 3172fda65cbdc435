"""The way back, begun: what may be backed out when, of the whole run or of single components, and what that stops.

A backout may be armed while no point of no return is behind it: everybody then sees that it is prepared, and why.
Begun, it abandons what is still to come, and the undoing of what had begun becomes part of the run: performed,
claimed and recorded like any task. Of the whole run that ends the plan; of a component only that component's
tasks are abandoned, and what waited for one of them waits until somebody skips it or edits the plan.
Past the point of no return a backout is refused unless two others sign for it: each for themselves, or named by whoever
begins it. A signature is for one scope, and is used up by the backout that begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event
from runbooks.domain.plan import Task

SIGNATURES = 2  # names of others that a backout past the point of no return needs


class BackoutArmed(Event):
    """Prepared and announced: nothing has been turned back yet. No components means the whole run."""

    typed = frozenset({"reason"})
    reason: str
    components: tuple[str, ...] = ()


class BackoutDisarmed(Event):
    typed = frozenset({"reason"})
    reason: str


class ComponentBackoutBegan(Event):
    """These components go back, the others go on; `tasks` are what undoes what had begun of them."""

    typed = frozenset({"reason"})
    components: tuple[str, ...]
    reason: str
    signed_by: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()


class BackoutSigned(Event):
    """Somebody signs, for themselves, that the way back is taken though its point of no return is behind it."""

    typed = frozenset({"reason"})
    reason: str
    components: tuple[str, ...] = ()


class SignatureTakenBack(Event):
    components: tuple[str, ...] = ()


class ArmBackout(Command):
    reason: str = Field(min_length=1)
    components: tuple[str, ...] = ()


class DisarmBackout(Command):
    reason: str = Field(min_length=1)


class SignBackout(Command):
    reason: str = Field(min_length=1)
    components: tuple[str, ...] = ()


class TakeSignatureBack(Command):
    components: tuple[str, ...] = ()


EVENTS: tuple[type[Event], ...] = (
    BackoutArmed, BackoutDisarmed, BackoutSigned, SignatureTakenBack, ComponentBackoutBegan,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Armed:
    by: str
    at: datetime
    reason: str
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed for forcing the way back of these components (none: of the run), when and why."""

    by: str
    at: datetime
    reason: str
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoReturn:
    """A point of no return that has been passed; `component` is '' when it was the whole run's."""

    task: str
    component: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Backout:
    """A backout that has begun, and the tasks that undo; no components: of the whole run."""

    by: str
    at: datetime
    reason: str
    components: tuple[str, ...]
    tasks: tuple[str, ...]


def closed_by(passed: Iterable[NoReturn], components: tuple[str, ...]) -> NoReturn | None:
    """The point of no return that stands in the way of turning these back (none named: everything)."""
    return next((p for p in passed if not components or not p.component or p.component in components), None)


def check_signed(
    passed: Iterable[NoReturn], components: tuple[str, ...], by: str, signed_by: tuple[str, ...]
) -> None:
    """Raises Refused when the way back is closed and too few others sign for forcing it."""
    wall = closed_by(passed, components)
    if wall is not None and len(set(signed_by) - {by}) < SIGNATURES:
        raise Refused(
            f"the point of no return was passed at {wall.at:%d %b %H:%M}Z by {wall.by}; "
            f"a forced backout needs the names of {SIGNATURES} others"
        )


def signed(signatures: Iterable[Signature], components: tuple[str, ...], *named: str) -> tuple[str, ...]:
    """Everybody who signs for turning these back: who was named, and who signed for themselves."""
    own = (s.by for s in signatures if set(s.components) == set(components))
    return tuple(dict.fromkeys((*named, *own)))


def check_components(components: tuple[str, ...], plan: Mapping[str, Task]) -> None:
    """Raises Refused for components that no task of the run is about."""
    known = {task.component for task in plan.values() if task.component}
    if unknown := [name for name in components if name not in known]:
        raise Refused(
            f"no task of this run is about {', '.join(unknown)}; there are: {', '.join(sorted(known)) or 'none'}"
        )


def check_new(tasks: Iterable[Task], plan: Mapping[str, Task]) -> None:
    """Raises Refused when the way back has an id that is in the run already: it was begun before, or clashes."""
    if again := [task.id for task in tasks if task.id in plan]:
        raise Refused(f"the way back was begun before, or its ids are the plan's own: {', '.join(again)}")
