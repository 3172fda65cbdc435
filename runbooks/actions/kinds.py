"""What a kind of action is: what it declares of itself, one performance of it, and what came of that.

A kind is one object with `perform` and `settle`. What it takes is declared as a model, so that a slip in a plan
is found when the plan is checked and not in the night.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cutover.core.errors import Invalid, NotFound, Problem, nearest
from cutover.domain.programme import Part
from runbooks.actions.secrets import Secrets
from runbooks.actions.templates import render
from runbooks.domain.plan import Action, Task
from runbooks.domain.run_events import Comms

LONGEST = 2000  # characters of one text in a result
A = TypeVar("A", bound=Part)
_TAGS = frozenset({"list[str]", "str", "list", "tuple"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action brought back: whether it worked, and the evidence for it.

    Not `certain` means that nobody answered: the effect may be there all the same.
    """

    ok: bool
    evidence: str
    link: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    certain: bool = True


NO_PROBE = Outcome(ok=False, evidence="it declares no probe: a person must look", certain=False)


async def _unsaid(attempt: int, why: str, again_at: datetime | None) -> None:
    """Whoever performs outside a run keeps no record of tries."""


@dataclass(frozen=True, slots=True)
class Call:
    """One performance of an action: the key its effect is known by, filled-in arguments, and where to report progress.

    `since` is when the task could start, the same after a crash. `mask` hides every secret that was looked up.
    """

    key: str
    task: Task
    arguments: Mapping[str, Any]
    progress: Callable[[datetime, str], Awaitable[None]]
    run_id: str = ""
    since: datetime | None = None
    comms: Comms = Comms.OFF
    mask: Callable[[str], str] = str
    tried: Callable[[int, str, datetime | None], Awaitable[None]] = _unsaid

    def given(self, model: type[A]) -> A:
        """The arguments as the kind declares them. Raises Invalid naming the task and each wrong argument."""
        try:
            return model.model_validate(dict(self.arguments))
        except ValidationError as error:
            raise Invalid(*(_problem(self.task.id, wrong, model) for wrong in error.errors())) from None

    def shorten(self, text: str, length: int) -> str:
        """The beginning of a text; masked before it is cut, since half a secret is not recognised."""
        return self.mask(text)[:length]


class ActionKind(Protocol):
    """A kind of action. `settle` answers for a call that may have happened: its outcome, or None if it did not."""

    async def perform(self, call: Call) -> Outcome: ...

    async def settle(self, call: Call) -> Outcome | None: ...


class LateKind:
    """A kind that is made for its first call: a run loads what its tasks do, not all that tasks could do."""

    def __init__(self, make: Callable[[], ActionKind]) -> None:
        self._made = cache(make)

    async def perform(self, call: Call) -> Outcome:
        return await self._made().perform(call)

    async def settle(self, call: Call) -> Outcome | None:
        return await self._made().settle(call)


def _never(arguments: Mapping[str, Any]) -> bool:
    del arguments
    return False


@dataclass(frozen=True, slots=True)
class Declared:
    """What a kind says of itself before anything runs: its arguments, whether it can tell, how long a try may take.

    `can_tell` says of given arguments whether `settle` can find out what became of the effect. `patience` bounds a
    try of a task that states no `timeout`; None where the kind only asks after work that is done elsewhere.
    """

    arguments: type[Part]
    can_tell: Callable[[Mapping[str, Any]], bool] = _never
    patience: timedelta | None = None
    says: str = ""


def plain(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    """What of an answer is worth a place in the journal: numbers and short texts, masked before they are cut."""
    kept = {name: value for name, value in found.items() if isinstance(value, str | int | float | bool)}
    return {name: call.shorten(v, LONGEST) if isinstance(v, str) else v for name, v in kept.items()}


class TransientError(Exception):
    """A try that may be repeated under the same key."""


class Actions:
    """The kinds of action a programme may use, by name, with what each declares."""

    def __init__(
        self,
        kinds: Mapping[str, ActionKind],
        context: Callable[[], Mapping[str, Any]],
        *,
        declared: Mapping[str, Declared] | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        self.kinds = dict(kinds)
        self.context = context
        self.declared = dict(declared or {})
        self.secrets = secrets or Secrets()

    def kind(self, action: Action) -> ActionKind:
        """Raises NotFound with the nearest kind."""
        if action.kind not in self.kinds:
            raise NotFound("action kind", action.kind, self.kinds)
        return self.kinds[action.kind]

    def call(
        self,
        task: Task,
        key: str,
        progress: Callable[[datetime, str], Awaitable[None]],
        action: Action | None = None,
        **more: Any,
    ) -> Call:
        """Fill in the arguments of `action`, by default the task's own. Raises Invalid for what cannot be."""
        chosen = action or task.action
        names = {**self.context(), "key": key, "run": more.get("run_id", ""), "task": task.id}
        arguments = render(chosen.arguments if chosen else {}, names, self.secrets)
        call = Call(key, task, arguments, progress, mask=self.secrets.mask, **more)
        if chosen and chosen.kind in self.declared:
            call.given(self.declared[chosen.kind].arguments)
        return call

    def patience(self, task: Task, action: Action) -> timedelta | None:
        """How long one try may take: as the task says, else as its kind allows or four times the plan."""
        declared = self.declared.get(action.kind)
        if task.timeout is not None or declared is None or declared.patience is None:
            return task.timeout
        return max(declared.patience, 4 * task.expected)


def _problem(task: str, wrong: ErrorDetails, model: type[Part]) -> Problem:
    where, message, near = said(wrong, model)
    return Problem(message, field=f"{task}: {where}" if where else task, nearest=near)


def said(wrong: ErrorDetails, model: type[Part]) -> tuple[str, str, str]:
    """Where among the arguments something is wrong, what, and the nearest name; never the value: it may be secret."""
    place = [str(step) for step in wrong["loc"] if str(step) not in _TAGS]
    if wrong["type"] == "extra_forbidden":
        known = _names(model) if len(place) == 1 else ()
        return ".".join(place), "no such argument", nearest(place[-1], known)
    message = wrong["msg"].removeprefix("Value error, ")
    return ".".join(place), message[:1].lower() + message[1:], ""


def _names(model: type[Part]) -> Sequence[str]:
    return [one.alias or name for name, one in model.model_fields.items()]
