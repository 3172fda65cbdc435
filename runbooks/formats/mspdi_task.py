"""What one row of an MS Project document means as a task: lengths, fixed dates, people, columns, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Task, TaskType
from runbooks.formats.cells import read_flag, read_kind, slug
from runbooks.formats.mspdi_rows import Line, Outline
from runbooks.formats.mspdi_words import (
    COLUMNS,
    CONSTRAINTS,
    ESTIMATED,
    FOREIGN,
    ID_COLUMN,
    ROW_COLUMN,
    is_elapsed,
    read_length,
    read_mark,
    read_wall,
    whole,
)
from runbooks.formats.xml_tree import Node

FLAGS = ("optional", "conditional", "point_of_no_return")
_YES = ("1", "true")
_DONE = 100


@dataclass(frozen=True, slots=True)
class Resource:
    """Somebody or something a task can be given to; `code` says person:id or team:id in our own documents."""

    name: str
    group: str = ""
    code: str = ""
    is_work: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row refers to: who works on it and with how much of their time, and the calendars' ids by UID."""

    zone: str
    given: Mapping[str, Sequence[tuple[Resource, float]]]
    calendars: Mapping[str, str]


def read_task(outline: Outline, line: Line, facts: Facts) -> Task:
    """The task of a row; a faulty row leaves only its id behind, so that others may still name it."""
    before = len(outline.problems)
    own = ID_COLUMN in line.columns
    custom: dict[str, str] = {} if own else _foreign(line)
    given: dict[str, Any] = {"id": line.id, "title": " ".join(line.name.split())}
    if not given["title"]:
        outline.fault(line.node, "Name", Problem("the task has no title", expected="a name"))
    phase, stream = outline.headings(line)
    given |= {"phase": phase, "stream": slug(stream), "parent": outline.parent(line)}
    given |= _when(outline, line.node, facts, custom) | _who(facts.given.get(line.uid, ()), custom)
    if held := [at for above in line.above if (at := _held(outline, above.node, facts.zone))]:
        given["not_before"] = max([*held, *([given["not_before"]] if given.get("not_before") else [])])
    given["after"] = outline.links(line)
    given["type"] = TaskType.MILESTONE if line.node.says("Milestone") in _YES else TaskType.NORMAL
    given |= _columns(outline, line, custom, own=own) | _status(outline, line.node, custom)
    notes, exact = _notes(outline, line.node)
    given |= {"description": notes, "custom": custom}
    if len(outline.problems) > before:
        return Task.model_construct(id=line.id, title=line.id)
    return _checked(outline, line.node, given, exact)


def _checked(outline: Outline, node: Node, given: dict[str, Any], exact: Mapping[str, Any]) -> Task:
    try:
        task = Task(**given)
        return Task.model_validate(restored(task, exact)) if exact else task
    except ValidationError as error:
        for e in error.errors():
            name = str(e["loc"][0]) if e["loc"] else "Notes"
            outline.fault(node, name, Problem(f"{e['msg']} (found {str(e['input'])[:60]!r})"))
        return Task.model_construct(id=given["id"], title=given["title"])


def restored(task: Task, exact: Mapping[str, Any]) -> dict[str, Any]:
    """The task with what MS Project could not hold, wherever its own form still reads as it was exported."""
    plain = task.model_dump(mode="json", by_alias=True)
    for name, pair in exact.items():
        if name == "custom" and isinstance(pair, dict):
            plain["custom"] = plain["custom"] | pair
        elif isinstance(pair, list) and len(pair) == 2 and plain.get(name) == pair[0]:  # noqa: PLR2004
            plain[name] = pair[1]
    return plain


def _notes(outline: Outline, node: Node) -> tuple[str, Mapping[str, Any]]:
    try:
        return read_mark(node.says("Notes"))
    except Invalid as error:
        outline.fault(node, "Notes", error.problems[0])
        return "", {}


# --- when -----------------------------------------------------------------------------------------------


def _when(outline: Outline, node: Node, facts: Facts, custom: dict[str, str]) -> dict[str, Any]:
    """Length, fixed dates and calendar. Start and Finish are worked out by MS Project and are left to us."""
    made: dict[str, Any] = {}
    form = node.says("DurationFormat")
    try:
        made["duration"] = read_length(node.says("Duration"), form, outline.minutes_per_day)
    except Invalid as error:
        outline.fault(node, "Duration", error.problems[0])
    if node.says("Estimated") in _YES or whole(form, 0) > ESTIMATED:
        if not made.get("duration"):
            made["duration"] = None
        elif not outline.is_own:
            outline.note("durations marked with ? are estimates nobody has confirmed: {n}")
    made |= _fixed(outline, node, facts.zone, custom)
    calendar = facts.calendars.get(node.says("CalendarUID"), "")
    if calendar and not is_elapsed(form):
        made["calendar"] = calendar
    return made


def _fixed(outline: Outline, node: Node, zone: str, custom: dict[str, str]) -> dict[str, Any]:
    deadline = _moment(outline, node, "Deadline", zone)
    made: dict[str, Any] = {"deadline": deadline}
    kind = node.says("ConstraintType") or "0"
    if kind not in CONSTRAINTS:
        outline.fault(
            node, "ConstraintType", Problem(f"'{kind}' is no constraint", expected="a number from 0 to 7")
        )
    elif kind not in ("0", "1"):
        at = _moment(outline, node, "ConstraintDate", zone)
        if kind in ("2", "4"):
            made["not_before"] = at
        elif kind in ("3", "7") and at:
            made["deadline"] = min(at, deadline) if deadline else at
    if kind in CONSTRAINTS and kind not in ("0", "4", "7"):
        custom["Constraint"] = f"{CONSTRAINTS[kind]} {node.says('ConstraintDate')}".strip()
        outline.note("constraints that have no equal here are kept in the column Constraint: {n}")
    if node.says("Manual") in _YES:
        begins = "ManualStart" if node.child("ManualStart") else "Start"
        made.setdefault("not_before", _moment(outline, node, begins, zone))
        outline.note("tasks scheduled by hand do not begin before the start they were given: {n}")
    return made


def _held(outline: Outline, summary: Node, zone: str) -> datetime | None:
    """A summary that starts no earlier than a moment holds each of its tasks until then."""
    fixed = summary.says("ConstraintType") in ("2", "4")
    return _moment(outline, summary, "ConstraintDate", zone) if fixed else None


def _moment(outline: Outline, node: Node, name: str, zone: str) -> datetime | None:
    try:
        return read_wall(node.says(name), zone)
    except Invalid as error:
        outline.fault(node, name, error.problems[0])
        return None


# --- who ------------------------------------------------------------------------------------------------


def _who(given: Sequence[tuple[Resource, float]], custom: dict[str, str]) -> dict[str, Any]:
    """Owner and deputy are the first two people, a team is one that we exported or the owner's group."""
    made: dict[str, Any] = {}
    people = [(r, units) for r, units in given if r.is_work and not r.code.startswith("team:")]
    for resource, units in given:
        if resource.code.startswith("team:"):
            made |= {"team": resource.code.removeprefix("team:"), "units": max(1, min(10_000, round(units)))}
    people.sort(key=lambda pair: pair[1] <= 0)  # without a share of their time: they stand in
    for (resource, units), role in zip(people, ("owner", "deputy"), strict=False):
        made["deputy" if units <= 0 else role] = resource.code.removeprefix("person:") or resource.name
    if "owner" in made and "team" not in made and people[0][0].group and not people[0][0].code:
        made["team"] = people[0][0].group
    if len(people) > 2 or any(not r.is_work for r, _ in given):  # noqa: PLR2004
        custom["Resources"] = ", ".join(r.name for r, _ in given)
    return made


# --- columns --------------------------------------------------------------------------------------------


def _foreign(line: Line) -> dict[str, str]:
    """What identifies a row for the people who know the document: its number and its WBS code."""
    kept = {"Row": line.node.says("ID"), "WBS": line.node.says("WBS")}
    if kept["WBS"] == line.node.says("OutlineNumber"):
        del kept["WBS"]
    return {name: text for name, text in kept.items() if text and text != line.id}


def _columns(outline: Outline, line: Line, custom: dict[str, str], *, own: bool) -> dict[str, Any]:
    """Columns that we know become fields, the others are kept."""
    made: dict[str, Any] = {}
    known = COLUMNS if own else {name: COLUMNS[name] for name in FOREIGN}
    by_heading = {heading: name for name, heading in known.items()}
    for heading, text in line.columns.items():
        name = by_heading.get(heading)
        if heading in (ID_COLUMN, ROW_COLUMN):
            continue
        if name is None:
            custom[heading] = text
        elif name in FLAGS:
            made |= _flag(outline, line.node, name, text)
        elif name == "type":
            made["type"] = read_kind(text) or TaskType.NORMAL
        else:
            made[name] = text if own or name != "stream" else slug(text)
    return made


def _flag(outline: Outline, node: Node, name: str, text: str) -> dict[str, bool]:
    try:
        return {name: read_flag(text)}
    except Invalid as error:
        outline.fault(node, COLUMNS[name], error.problems[0])
        return {}


def _status(outline: Outline, node: Node, custom: dict[str, str]) -> dict[str, bool]:
    """How far it was, as the planner wrote it: a plan says what is to happen, a run what has."""
    percent = whole(node.says("PercentComplete"), 0)
    if percent:
        custom |= {
            "Percent complete": str(percent),
            "Status": "complete" if percent >= _DONE else "in progress",
        }
    for name, heading in (("ActualStart", "Actual start"), ("ActualFinish", "Actual finish")):
        if (text := node.says(name)) not in ("", "NA"):
            custom[heading] = text
    if node.says("Active") in ("0", "false"):
        custom["Active"] = "no"
        outline.note("inactive tasks are conditional, skip them when not needed: {n}")
        return {"conditional": True}
    return {}
