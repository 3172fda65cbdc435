"""An edit as a form holds it before it is proposed: one task's fields, further settings, a new task, what falls away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from cutover.core.errors import Invalid, Problem
from runbooks.board_acts import RunForm
from runbooks.domain.edits import AddedTask, ProposeEdit
from runbooks.domain.plan import Task
from runbooks.edit_words import fields_of, read_value

LABELS: Mapping[str, str] = {
    "title": "Title",
    "duration": "Duration, such as 1h 30m",
    "after": "Waits for, such as T1, T2 FS+30m",
    "not_before": "Not before, such as 2026-10-24T23:15",
    "owner": "Owner",
    "deputy": "Deputy",
    "team": "Team",
}
NEW = ("id", "title", "after", "duration", "owner", "team", "behind")


class DraftForm(RunForm):
    """`version` is that of the plan it was made on; `task` the one whose fields were shown; a field not sent stays."""

    version: int = Field(default=0, ge=0)
    reason: str = Field(default="", max_length=1000)
    task: str = Field(default="", max_length=80)
    title: str | None = Field(default=None, max_length=300)
    duration: str | None = Field(default=None, max_length=40)
    after: str | None = Field(default=None, max_length=2000)
    not_before: str | None = Field(default=None, max_length=40)
    owner: str | None = Field(default=None, max_length=80)
    deputy: str | None = Field(default=None, max_length=80)
    team: str | None = Field(default=None, max_length=80)
    more: str = Field(default="", max_length=4000)
    remove: str = Field(default="", max_length=1000)
    new_id: str = Field(default="", max_length=80)
    new_title: str = Field(default="", max_length=300)
    new_after: str = Field(default="", max_length=1000)
    new_duration: str = Field(default="", max_length=40)
    new_owner: str = Field(default="", max_length=80)
    new_team: str = Field(default="", max_length=80)
    new_behind: str = Field(default="", max_length=80)


def draft_of(query: Mapping[str, str]) -> DraftForm:
    """What an address carries of a draft; what is none of its fields is left alone. Raises Invalid for one too long."""
    known = {name: value for name, value in query.items() if name in DraftForm.model_fields}
    try:
        return DraftForm.model_validate(known)
    except ValidationError as error:
        raise Invalid(*(Problem(e["msg"], field=str(e["loc"][0])) for e in error.errors())) from error


def wish_of(draft: DraftForm, by: str, zone: str) -> ProposeEdit:
    """The command that a draft stands for. Raises Invalid naming the field."""
    changes = fields_of([line for line in draft.more.splitlines() if line.strip()], zone, "more")
    if draft.task:
        fields = changes.setdefault(draft.task, {})
        for name in LABELS:
            if (typed := getattr(draft, name)) is not None:
                fields[name] = read_value(name, typed, zone, name)
    return ProposeEdit(
        by=by, reason=draft.reason or "-", changes={task: f for task, f in changes.items() if f},
        added=_added(draft, zone), removed=tuple(draft.remove.replace(",", " ").split()),
    )  # fmt: skip


def _added(draft: DraftForm, zone: str) -> tuple[AddedTask, ...]:
    if not (draft.new_id or draft.new_title):
        return ()
    typed: dict[str, Any] = {
        name: read_value(name, value, zone, f"new {name}")
        for name in NEW
        if name != "behind" and (value := getattr(draft, f"new_{name}"))
    }
    try:
        return (AddedTask(task=Task.model_validate(typed), behind=draft.new_behind),)
    except ValidationError as error:
        raise Invalid(
            *(Problem(e["msg"], field=f"new {'.'.join(map(str, e['loc']))}") for e in error.errors())
        ) from error


def shown_fields(task: Task, zone_time: str) -> tuple[tuple[str, str, str], ...]:
    """The fields of a task as they stand: name, label, text. `zone_time` is its fixed start on the wall clock."""
    plain = task.model_dump(mode="json")
    values = {**plain, "not_before": zone_time, "after": ", ".join(map(str, plain["after"]))}
    return tuple((name, label, str(values[name] or "")) for name, label in LABELS.items())
