"""How a plan is changed while it runs: proposed with a reason, approved by another, refused where it comes too late.

An edit names the fields it changes and what stood in them when it was proposed; it is taken over only while they
still stand so, and so no edit overwrites another unseen. What has begun keeps its links, what has ended keeps
everything: an edit changes what is to come, never what was. In a live run the proposer does not approve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutover.core.errors import Invalid, NotFound, Problem, Refused, nearest
from cutover.core.event import Command, Event, Fact
from runbooks.domain.plan import Estimate, Runbook, Task, faults

MINUTE = timedelta(minutes=1)
ONCE_BEGUN = frozenset(
    {
        "title", "description", "duration", "estimate", "owner", "deputy", "team", "verify", "rollback", "undo",
        "undo_duration", "undo_estimate", "deadline", "audience", "custom",
    }
)  # fmt: skip


class FieldEdit(BaseModel):
    """One field of one task: what stood there when the edit was proposed, and what shall; plain values."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    task: str
    field: str
    before: Any
    after: Any


class AddedTask(BaseModel):
    """A new task and the one behind which it is listed ('' is the end of the plan)."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    task: Task
    behind: str = ""


class EditProposed(Event):
    """`base` is the version of the plan that it was made from, `impact` what its proposer saw it do to the end."""

    typed = frozenset({"reason"})
    number: int
    base: int
    reason: str
    changes: tuple[FieldEdit, ...] = ()
    added: tuple[AddedTask, ...] = ()
    removed: tuple[str, ...] = ()
    impact: str = ""


class EditApproved(Event):
    """Taken over: the plan is now of version `becomes`."""

    number: int
    becomes: int


class EditRejected(Event):
    typed = frozenset({"reason"})
    number: int
    reason: str


class EditWithdrawn(Event):
    number: int


class ProposeEdit(Command):
    """`changes` maps task to field to its new value, as plain values."""

    reason: str = Field(min_length=1)
    changes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    added: tuple[AddedTask, ...] = ()
    removed: tuple[str, ...] = ()
    impact: str = ""


class ApproveEdit(Command):
    number: int


class RejectEdit(Command):
    number: int
    reason: str = Field(min_length=1)


class WithdrawEdit(Command):
    number: int


EVENTS: tuple[type[Event], ...] = (EditProposed, EditApproved, EditRejected, EditWithdrawn)
EditCommand = ProposeEdit | ApproveEdit | RejectEdit | WithdrawEdit


class EditStage(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit, who proposed it when, and what became of it."""

    proposal: EditProposed
    by: str
    at: datetime
    stage: EditStage = EditStage.PROPOSED
    ended_by: str = ""
    ended_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Edits:
    """Every edit of a run by its number, and the version of the plan: 1 as it was started."""

    version: int = 1
    by_number: Mapping[int, Edit] = field(default_factory=lambda: MappingProxyType({}))

    def waiting(self) -> tuple[Edit, ...]:
        return tuple(edit for edit in self.by_number.values() if edit.stage is EditStage.PROPOSED)


@dataclass(frozen=True, slots=True)
class Situation:
    """What an edit must fit: the plan as it stands, which of its tasks have begun and ended, whether it is in earnest."""

    runbook: Runbook
    begun: frozenset[str]
    ended: frozenset[str]
    live: bool


def decide(edits: Edits, command: EditCommand, here: Situation) -> Event:
    """Raises Refused with every reason at once, NotFound for a task or an edit that there is not."""
    if isinstance(command, ProposeEdit):
        return _propose(edits, command, here)
    edit = edits.by_number.get(command.number)
    if edit is None:
        raise NotFound("edit", str(command.number), [str(number) for number in edits.by_number])
    if edit.stage is not EditStage.PROPOSED:
        raise Refused(f"edit {command.number} is {edit.stage} by {edit.ended_by}")
    match command:
        case ApproveEdit():
            if here.live and command.by == edit.by:
                raise Refused(
                    f"{command.by} proposed edit {command.number}: in a live run somebody else approves it"
                )
            _check(edit.proposal, here)
            return EditApproved(number=command.number, becomes=edits.version + 1)
        case RejectEdit():
            return EditRejected(number=command.number, reason=command.reason)
    if command.by != edit.by:
        raise Refused(f"edit {command.number} is {edit.by}'s: reject it instead")
    return EditWithdrawn(number=command.number)


def _propose(edits: Edits, command: ProposeEdit, here: Situation) -> Event:
    plan = here.runbook.by_id()
    for name in (*command.changes, *command.removed):
        if name not in plan:
            raise NotFound("task", name, plan)
    proposal = EditProposed(
        number=len(edits.by_number) + 1,
        base=edits.version,
        reason=command.reason,
        changes=tuple(
            change for name, fields in command.changes.items() for change in _field_edits(plan[name], fields)
        ),
        added=command.added,
        removed=command.removed,
        impact=command.impact,
    )
    if not (proposal.changes or proposal.added or proposal.removed):
        raise Refused("the edit changes nothing: everything it says stands in the plan already")
    _check(proposal, here)
    return proposal


def _field_edits(task: Task, fields: Mapping[str, Any]) -> Iterator[FieldEdit]:
    """The fields that would change, with what stands there. Raises Invalid naming task, field and what was expected."""
    known = task.model_dump(mode="json")
    fields = _re_estimated(task, _whole(known, fields))
    for name in fields:
        if name not in Task.model_fields or name == "id":
            near = nearest(name, Task.model_fields)
            raise Invalid(Problem("no such field of a task", field=f"{task.id}.{name}", nearest=near))
    try:
        new = Task.model_validate({**known, **fields}).model_dump(mode="json")
    except ValidationError as error:
        raise Invalid(
            *(Problem(e["msg"], field=".".join(map(str, (task.id, *e["loc"])))) for e in error.errors())
        ) from error
    for name in fields:
        if new[name] != known[name]:
            yield FieldEdit(task=task.id, field=name, before=known[name], after=new[name])


def _whole(known: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a field, such as `gate.deciders`, as the whole field with that part changed."""
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        field, dot, part = name.partition(".")
        before = whole.get(field, known.get(field))
        whole[field] = {**before, part: value} if dot and isinstance(before, dict) else value
    return whole


def _re_estimated(task: Task, fields: dict[str, Any]) -> dict[str, Any]:
    """Another length moves the estimate in proportion: what is forecast with is the estimate, where there is one."""
    if "duration" not in fields or "estimate" in fields or task.estimate is None or not task.duration:
        return fields
    try:
        anew = Task.model_validate(
            {"id": task.id, "title": task.title, "duration": fields["duration"]}
        ).duration
    except ValidationError:
        return fields  # told with the other fields
    if not anew:
        return fields
    low, likely, high = (
        round(part * (anew / task.duration) / MINUTE) * MINUTE
        for part in (task.estimate.low, task.estimate.likely, task.estimate.high)
    )
    scaled = Estimate(low=low, likely=likely, high=high)
    return {**fields, "estimate": scaled.model_dump(mode="json")}


def _check(proposal: EditProposed, here: Situation) -> None:
    if reasons := [*_too_late(proposal, here), *_overtaken(proposal, here)]:
        raise Refused(*reasons)
    after = edited(here.runbook, proposal)
    if wrong := faults(after.tasks):
        raise Refused(*(f"{after.tasks[f.index].id}: {f.field}: {f.message}" for f in wrong))


def _too_late(proposal: EditProposed, here: Situation) -> Iterator[str]:
    for change in proposal.changes:
        if change.task in here.ended:
            yield f"{change.task} is over: what was done is not edited (write a comment)"
        elif change.task in here.begun and change.field not in ONCE_BEGUN:
            yield f"{change.task} has begun: its {change.field} can no longer be changed"
    for name in proposal.removed:
        if name in here.begun | here.ended:
            yield f"{name} has begun: it cannot be taken out of the plan"


def _overtaken(proposal: EditProposed, here: Situation) -> Iterator[str]:
    """What no longer stands as it did when this was proposed: somebody else's edit came between."""
    plan = {
        name: task.model_dump(mode="json")
        for name, task in here.runbook.by_id().items()
        if name in _touched(proposal)
    }
    for change in proposal.changes:
        if change.task not in plan:
            yield f"{change.task} is no longer in the plan"
        elif (now := plan[change.task][change.field]) != change.before:
            yield f"{change.task} {change.field} is now {now}, and was {change.before} when this was proposed: propose it anew"
    yield from (f"{name} is no longer in the plan" for name in proposal.removed if name not in plan)
    yield from (f"{add.task.id} is in the plan already" for add in proposal.added if add.task.id in plan)


def _touched(proposal: EditProposed) -> set[str]:
    changed = {change.task for change in proposal.changes}
    return changed | set(proposal.removed) | {add.task.id for add in proposal.added}


def edited(runbook: Runbook, proposal: EditProposed) -> Runbook:
    """The plan after an edit."""
    fields: dict[str, dict[str, Any]] = {}
    for change in proposal.changes:
        fields.setdefault(change.task, {})[change.field] = change.after
    tasks = [
        Task.model_validate({**task.model_dump(mode="json"), **fields[task.id]})
        if task.id in fields
        else task
        for task in runbook.tasks
        if task.id not in proposal.removed
    ]
    for add in proposal.added:
        places = [i for i, task in enumerate(tasks) if task.id == add.behind]
        tasks.insert(places[0] + 1 if places else len(tasks), add.task)
    return runbook.model_copy(update={"tasks": tuple(tasks)})


def evolve(edits: Edits, fact: Fact) -> Edits:
    event, number = fact.event, getattr(fact.event, "number", 0)
    if isinstance(event, EditProposed):
        edit, version = Edit(event, fact.actor, fact.at), edits.version
    else:
        stage, version = {
            EditApproved: (EditStage.APPROVED, edits.version + 1),
            EditRejected: (EditStage.REJECTED, edits.version),
            EditWithdrawn: (EditStage.WITHDRAWN, edits.version),
        }[type(event)]
        edit = replace(
            edits.by_number[number], stage=stage, ended_by=fact.actor, ended_at=fact.at,
            reason=getattr(event, "reason", ""),
        )  # fmt: skip
    return Edits(version, MappingProxyType({**edits.by_number, number: edit}))


def said(proposal: EditProposed) -> Sequence[str]:
    """The edit in words, a line each."""
    return (
        *(f"~ {c.task} {c.field}: {_plain(c.before)} -> {_plain(c.after)}" for c in proposal.changes),
        *(
            f"+ {a.task.id} {a.task.title}" + (f" (behind {a.behind})" if a.behind else "")
            for a in proposal.added
        ),
        *(f"- {name}" for name in proposal.removed),
    )


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items()) or "nothing"
    return "nothing" if value in (None, "") else str(value)
