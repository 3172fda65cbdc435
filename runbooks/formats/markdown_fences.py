"""The fences of a Markdown plan: YAML fields of the runbook, or of the task they stand under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from cutover.core.errors import Invalid, Problem, nearest
from runbooks.domain.plan import Runbook, Task, faults, in_zone
from runbooks.formats.markdown_in import Document
from runbooks.formats.markdown_lines import Entry

Fence = tuple[int, str]  # the line it begins on, what it holds
P = TypeVar("P", Task, Runbook)


def with_fences(document: Document, runbook: Runbook, file: str, zone: str) -> Runbook:
    """The plan with the fields of its fences, which say what a line cannot. Raises Invalid."""
    problems: list[Problem] = []
    tasks = list(runbook.tasks)
    for i, entry in enumerate(document.entries):
        if entry.fence:
            tasks[i] = _merged(tasks[i], entry.fence, file, problems)
    head = runbook.model_copy(update={"tasks": ()})
    if document.header:
        head = _merged(head, document.header, file, problems)
    fixed, forbidden = in_zone(tasks, zone)
    for f in [*forbidden, *([] if problems else faults(tasks))]:
        line = _line(document.entries, f.index)
        problems.append(Problem(f.message, file, line, f.field, f.expected, f.nearest))
    if problems:
        raise Invalid(*sorted(problems, key=lambda p: p.line or 0))
    return head.model_copy(update={"tasks": fixed})


def fenced_fields(document: Document, runbook: Runbook, name: str) -> frozenset[str]:
    """What the fence of a task speaks of, for whoever reads the document over an older plan."""
    for entry, task in zip(document.entries, runbook.tasks, strict=False):
        if task.id == name and entry.fence:
            return frozenset(_fields(task, entry.fence, "", []))
    return frozenset()


def _line(entries: Sequence[Entry], index: int) -> int | None:
    if index >= len(entries):
        return None
    entry = entries[index]
    return entry.fence[0] if entry.fence else entry.line


def _merged(part: P, fence: Fence, file: str, problems: list[Problem]) -> P:
    fields = _fields(part, fence, file, problems)
    try:
        return type(part).model_validate({**part.model_dump(mode="json", by_alias=True), **fields})
    except ValidationError as error:
        for e in error.errors():
            where = ".".join(str(step) for step in e["loc"])
            problems.append(Problem(f"{e['msg']} (found {str(e['input'])[:60]!r})", file, fence[0], where))
        return part


def _fields(part: Task | Runbook, fence: Fence, file: str, problems: list[Problem]) -> dict[str, Any]:
    line, text = fence
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = " ".join(str(getattr(error, "problem", None) or error).split())
        problems.append(Problem(f"not YAML: {what}", file, line + 1 + (mark.line if mark else 0)))
        return {}
    if not isinstance(found, dict | None):
        problems.append(Problem("the fence holds no fields", file, line, expected="lines such as verify: …"))
    fields = found if isinstance(found, dict) else {}
    known = set(type(part).model_fields) - {"tasks"}
    for name in fields.keys() - known:
        message = f"unknown field '{name}'"
        problems.append(Problem(message, file, line, str(name), nearest=nearest(str(name), known)))
    return {name: value for name, value in fields.items() if name in known}
