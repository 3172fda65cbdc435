"""Is every action of a plan one that could be performed: found when the plan is checked, not in the night."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import nearest
from runbooks.actions.kinds import Declared, said
from runbooks.actions.templates import template_faults
from runbooks.domain.attempts import InRehearsal
from runbooks.domain.plan import Action, Effect, Fault, Runbook, Task, TaskType

CALL_NAMES = ("key", "run", "task")  # what each call adds to what the programme names


def action_faults(book: Runbook, kinds: Mapping[str, Declared], names: Collection[str]) -> Iterator[Fault]:
    """Unknown kinds, arguments that are wrong or missing, templates that cannot be filled in, probes that are none."""
    known = (*names, *CALL_NAMES)
    for i, task in enumerate(book.tasks):
        for field in ("action", "undo", "inverse"):
            action = getattr(task, field)
            if action is not None:
                yield from (
                    Fault(i, field, f"{task.id}: {field}: {what}", expected, near)
                    for what, expected, near in _wrong(action, kinds, known)
                )
        yield from _cannot_tell(i, task, kinds)
        if task.in_rehearsal is InRehearsal.INVERT and not (task.inverse or task.undo):
            what = f"{task.id}: a rehearsal is to perform the inverse, and there is none"
            yield Fault(i, "in_rehearsal", what, "an action in `inverse` or `undo`")


def _wrong(
    action: Action, kinds: Mapping[str, Declared], known: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with one action, what was expected, and the nearest name."""
    if action.kind not in kinds:
        near = nearest(action.kind, kinds)
        yield f"no kind of action is named '{action.kind}'", ", ".join(sorted(kinds)), near
        return
    for place, message, near in wrong_arguments(action, kinds[action.kind]):
        yield f"{action.kind}: {place}: {message}" if place else f"{action.kind}: {message}", "", near
    yield from ((f"{action.kind}: {message}", "", "") for message in template_faults(action.arguments, known))


def wrong_arguments(action: Action, declared: Declared) -> Iterator[tuple[str, str, str]]:
    """Place, message and nearest name of each wrong argument; what a template will fill in is not judged yet."""
    try:
        declared.arguments.model_validate(action.arguments)
    except ValidationError as error:
        for wrong in error.errors():
            if not _is_template(wrong["input"]) or wrong["type"] in ("value_error", "extra_forbidden"):
                yield said(wrong, declared.arguments)


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def _cannot_tell(i: int, task: Task, kinds: Mapping[str, Declared]) -> Iterator[Fault]:
    """A task that is to be probed, with an action that has no way to ask."""
    action = task.action
    if task.type is not TaskType.AUTOMATED or task.effect is not Effect.PROBE or action is None:
        return
    if action.kind in kinds and not kinds[action.kind].can_tell(action.arguments):
        what = f"{task.id}: effect: nothing in this {action.kind} action can tell what became of it"
        yield Fault(i, "effect", what, "a `probe` among its arguments, or effect idempotent or manual_verify")
