"""MS Project's XML (MSPDI) as a runbook, and back.

MS Project works out starts and ends itself, so they are not read; what a planner fixed is: links, lengths,
constraints, deadlines, people, columns and notes. Its times have no zone: they are the programme's wall times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import Invalid, Problem
from cutover.domain.programme import Programme
from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook, Task, TaskType, faults
from runbooks.formats.cells import slug
from runbooks.formats.in_utc import in_utc
from runbooks.formats.mspdi_out import mspdi
from runbooks.formats.mspdi_rows import Line, Outline, outline
from runbooks.formats.mspdi_task import Facts, Resource, read_task
from runbooks.formats.mspdi_words import COLUMNS, NAMESPACE, read_mark
from runbooks.formats.spoken import OF_RUNBOOK, everything, spoken_of
from runbooks.formats.table import Imported
from runbooks.formats.xml_tree import Node, parse_tree, read_tree

__all__ = ["read_mspdi", "write_mspdi"]

EXPECTED = "MS Project XML: in MS Project, File > Save As > XML Format (*.xml)"
_BINARY = {
    b"\xd0\xcf\x11\xe0": "this is a binary file of MS Project or Office (MPP), not XML",
    b"PK\x03\x04": "this is a ZIP archive (XLSX, POD or the like), not XML",
    b"%PDF": "this is a PDF, not XML",
    b"{\\rtf": "this is RTF, not XML",
}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ROUND_THE_CLOCK = "sun-sat 00:00-00:00"
GUARDED = ("title", "phases")
# What any document of MS Project speaks of, so that an empty value there clears ours.
ALWAYS = frozenset(
    {
        "title",
        "description",
        "phase",
        "stream",
        "parent",
        "duration",
        "after",
        "not_before",
        "deadline",
        "owner",
        "deputy",
    }
)
_PAIR = 2  # how a value reads in MS Project, and what was meant


def read_mspdi(path: Path, *, zone: str = "UTC") -> Imported:
    """Read a document that MS Project or ProjectLibre saved as XML.

    Raises Invalid with one problem per fault, each on its line and naming its element.
    """
    _refuse_binary(path)
    return _read(read_tree(path, EXPECTED), path, zone)


def write_mspdi(path: Path, runbook: Runbook, programme: Programme) -> None:
    """Write a document that reads back to the same runbook, and that MS Project schedules to the same times.

    Raises Invalid for a plan that cannot be scheduled.
    """
    plan = runbook.model_copy(update={"tasks": in_utc(runbook.tasks, programme.zone)})
    draft = mspdi(plan, programme, {}).encode()
    seen = _read(parse_tree(draft, str(path), EXPECTED), path, programme.zone).runbook
    write_whole(path, mspdi(plan, programme, _unsaid(plan, seen)).encode())


def _unsaid(plan: Runbook, seen: Runbook) -> dict[str, dict[str, Any]]:
    """By task, the fields that MS Project's own elements do not give back: as they read, and as they are meant."""
    head = plan.model_dump(mode="json", exclude={"tasks"})
    read = {"title": seen.title, "phases": _phases(plan.tasks)}
    made = {"": {n: [read[n], v] if n in GUARDED else v for n, v in head.items()}}
    for meant, is_read in zip(plan.tasks, seen.tasks, strict=True):
        says, reads = (t.model_dump(mode="json", by_alias=True) for t in (meant, is_read))
        pairs: dict[str, Any] = {n: [reads[n], v] for n, v in says.items() if reads[n] != v and n != "custom"}
        if custom := {n: v for n, v in meant.custom.items() if is_read.custom.get(n) != v}:
            pairs["custom"] = custom
        made[meant.id] = pairs
    return made


def _read(root: Node, path: Path, zone: str) -> Imported:
    _refuse_other(path, root)
    aliases = {
        a.says("FieldID"): a.says("Alias") or a.says("FieldName")
        for a in root.all("ExtendedAttributes", "ExtendedAttribute")
    }
    plan = outline(root, str(path), {field: name for field, name in aliases.items() if name})
    calendars, notes = _calendars(root)
    facts = Facts(zone, _given(root), calendars)
    tasks, lines = _tasks(plan, facts)
    if not plan.lines:
        plan.problems.append(
            Problem("the project has no tasks", str(path), root.line, "Tasks", "at least one")
        )
    for f in faults(tasks):
        plan.fault(lines[f.index].node, f.field, Problem(f.message, expected=f.expected, nearest=f.nearest))
    runbook = _runbook(path, root, plan, tasks)
    if plan.problems or runbook is None:
        raise Invalid(*sorted(plan.problems, key=lambda p: p.line or 0))
    said = (text.format(n=n) for text, n in plan.notes.items())
    kept = tuple(dict.fromkeys(name for task in runbook.tasks for name in task.custom))
    if plan.is_own:
        given = dict.fromkeys(runbook.by_id(), everything((*kept, *aliases.values())))
        return Imported(runbook, kept, (*notes, *said), given, OF_RUNBOOK)
    given = {task.id: ALWAYS | spoken_of(task) for task in runbook.tasks}
    return Imported(runbook, kept, (*notes, *said), given, frozenset())


def _refuse_binary(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        return  # read_tree says why
    what = next((says for magic, says in _BINARY.items() if start.startswith(magic)), "")
    if what:
        raise Invalid(Problem(what, str(path), expected=EXPECTED))


def _refuse_other(path: Path, root: Node) -> None:
    if root.name == "Project" and root.space in ("", NAMESPACE):
        return
    known = {
        "APIBusinessObjects": "Primavera P6 XML",
        "project": "GanttProject's own file",
        "Workbook": "an Excel 2003 workbook",
        "html": "a web page",
    }
    space = f" of {root.space}" if root.space else ""
    what = f"{known[root.name]} " if root.name in known else ""
    raise Invalid(
        Problem(f"{what}<{root.name}>{space} is not a project", str(path), root.line, root.name, EXPECTED)
    )


# --- the tasks and their runbook ------------------------------------------------------------------------


def _tasks(plan: Outline, facts: Facts) -> tuple[list[Task], list[Line]]:
    """Every task in order; a summary that others wait for follows its tasks, as a milestone."""
    read = {line.uid: read_task(plan, line, facts) for line in plan.lines if not line.is_summary}
    for line in plan.lines:
        if line.is_summary and line not in plan.titles and _needs_an_end(line):
            plan.waited_for.add(line.uid)
    ends: dict[str, Task] = {}
    for line in plan.lines:
        if line.uid in plan.waited_for:
            ends[line.uid] = _end_of(plan, line, facts)
    tasks, lines = [], []
    for line in _children_first(plan.lines):
        task = read.get(line.uid) or ends.get(line.uid)
        if task is not None:
            tasks.append(task)
            lines.append(line)
    if ends:
        plan.notes[f"summary rows that others wait for, or with a deadline, are milestones: {len(ends)}"] = 1
    return tasks, lines


def _needs_an_end(line: Line) -> bool:
    fixed = line.node.says("ConstraintType") in ("3", "7")
    return fixed or line.node.says("Deadline") not in ("", "NA")


def _end_of(plan: Outline, line: Line, facts: Facts) -> Task:
    made = read_task(plan, line, facts)
    phase, stream = made.phase or line.name, made.stream
    if made.phase and not stream:
        stream = slug(line.name)
    return made.model_copy(
        update={
            "title": f"{made.title}: complete",
            "phase": phase,
            "stream": stream,
            "type": TaskType.MILESTONE,
            "duration": None,
            "not_before": None,
            "after": tuple(plan.ending(line)),
        }
    )


def _children_first(lines: Sequence[Line]) -> Iterable[Line]:
    open_: list[Line] = []
    for line in lines:
        while open_ and open_[-1].level >= line.level:
            yield open_.pop()
        open_.append(line)
    yield from reversed(open_)


def _runbook(path: Path, root: Node, plan: Outline, tasks: Sequence[Task]) -> Runbook | None:
    """The plan's header: as it was exported, as far as MS Project's own form still says the same."""
    top = next((t for t in root.all("Tasks", "Task") if t.says("UID") == "0"), root)
    name = re.sub(r"\.(xml|mpp)$", "", root.says("Name"), flags=re.IGNORECASE)
    seen: dict[str, Any] = {
        "id": slug(path.stem) or "runbook",
        "title": root.says("Title") or name or path.stem,
        "streams": _streams(plan),
        "phases": _phases(tasks),
    }
    try:
        _, exact = read_mark(top.says("Notes"))
        for field, value in exact.items():
            seen[field] = _meant(field, value, seen)
        return None if plan.problems else Runbook.model_validate({**seen, "tasks": tuple(tasks)})
    except Invalid as error:
        plan.fault(top, "Notes", error.problems[0])
    except ValidationError as error:
        for e in error.errors():
            plan.fault(top, "Notes", Problem(f"{'.'.join(map(str, e['loc']))}: {e['msg']}"))
    return None


def _phases(tasks: Sequence[Task]) -> list[str]:
    return list(dict.fromkeys(task.phase for task in tasks if task.phase))


def _meant(field: str, value: Any, seen: Mapping[str, Any]) -> Any:
    """A guarded value counts only while MS Project's own form still reads as it was exported."""
    if field not in GUARDED or not isinstance(value, list) or len(value) != _PAIR:
        return value
    return value[1] if value[0] == seen[field] else seen[field]


def _streams(plan: Outline) -> list[dict[str, str]]:
    titles: dict[str, str] = {}
    for line in plan.lines:
        column = "" if plan.is_own else line.columns.get(COLUMNS["stream"], "")
        title = column or plan.headings(line)[1]
        if not line.is_summary and slug(title):
            titles.setdefault(slug(title), title)
    return [{"id": name, "title": title} for name, title in titles.items()]


# --- people and calendars -------------------------------------------------------------------------------


def _given(root: Node) -> dict[str, list[tuple[Resource, float]]]:
    """Who works on each task, by its UID."""
    resources = {
        r.says("UID"): Resource(
            r.says("Name") or f"resource {r.says('UID')}",
            r.says("Group"),
            r.says("Code") if r.says("Code").startswith(("person:", "team:")) else "",
            r.says("Type") in ("", "1") and r.says("IsCostResource") not in ("1", "true"),
        )
        for r in root.all("Resources", "Resource")
    }
    given: dict[str, list[tuple[Resource, float]]] = {}
    for a in root.all("Assignments", "Assignment"):
        if resource := resources.get(a.says("ResourceUID")):
            given.setdefault(a.says("TaskUID"), []).append((resource, _units(a.says("Units"))))
    return given


def _units(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,9})?", text) else 1.0


def _calendars(root: Node) -> tuple[dict[str, str], list[str]]:
    """Ids of the calendars that tasks may name, by UID, and what the planner has to declare for them."""
    hours = {c.says("UID"): (c.says("Name"), _hours(c)) for c in root.all("Calendars", "Calendar")}
    used = {t.says("CalendarUID") for t in root.all("Tasks", "Task")}
    made, notes = {}, []
    usual = hours.get(root.says("CalendarUID"), ("", ""))
    if usual[1] not in ("", _ROUND_THE_CLOCK):
        notes.append(
            f"the project's calendar '{usual[0]}' ({usual[1]}) is not taken over: tasks go on round the clock unless they name a calendar"
        )
    for uid, (name, open_) in hours.items():
        if uid in used and open_ != _ROUND_THE_CLOCK:
            made[uid] = name if slug(name) == name.casefold() else slug(name) or f"calendar-{uid}"
            notes.append(
                f"calendar '{made[uid]}' must be in programme.yaml: {open_ or 'its hours are not in the file'}"
            )
    return made, notes


def _hours(calendar: Node) -> str:
    """`mon-fri 08:00-12:00, 13:00-17:00; sat 09:00-12:00`: days of the same hours together."""
    by_day: dict[int, str] = {}
    for day in calendar.all("WeekDays", "WeekDay"):
        kind = day.says("DayType")
        if kind in "1234567" and kind and day.says("DayWorking") in ("1", "true"):
            times = (
                f"{t.says('FromTime')[:5]}-{t.says('ToTime')[:5]}"
                for t in day.all("WorkingTimes", "WorkingTime")
            )
            by_day[int(kind) - 1] = ", ".join(times)
    runs: list[list[int]] = []
    for number in sorted(by_day):
        if runs and runs[-1][-1] == number - 1 and by_day[runs[-1][0]] == by_day[number]:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "; ".join(
        f"{_DAYS[run[0]]}{'-' + _DAYS[run[-1]] if len(run) > 1 else ''} {by_day[run[0]]}" for run in runs
    )
