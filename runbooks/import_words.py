"""What the import command says: a plan that is new, and what a file would change in a plan that is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from runbooks.domain.lint import lint, summary
from runbooks.domain.plan_diff import Change, PlanDiff
from runbooks.formats.table import Imported

MOST_SHOWN = 40  # lines of a kind; --json has all of them


def facts(one: Imported) -> dict[str, object]:
    tasks = one.runbook.tasks
    return {
        "runbook": one.runbook.id,
        "tasks": len(tasks),
        "links": sum(len(task.after) for task in tasks),
        "columns_kept": one.kept,
        "notes": one.notes,
    }


def said_of_new(one: Imported) -> Iterator[str]:
    known = facts(one)
    yield f"runbook {one.runbook.id}: {known['tasks']} tasks, {known['links']} links"
    if one.kept:
        yield f"  columns kept as they are: {', '.join(one.kept)}"
    yield from (f"  note: {note}" for note in one.notes)
    yield from (f"  {line}" for line in summary(one.runbook, lint(one.runbook)))


def said_of_diff(one: Imported, found: PlanDiff, *, removes: bool, accepted: bool) -> Iterator[str]:
    name = one.runbook.id
    counts = f"{len(found.added)} added, {len(found.changes)} fields changed, {len(found.removed)} absent"
    yield f"runbook {name}: {counts}"
    yield from (f"  note: {note}" for note in one.notes)
    titles = {task.id: task.title for task in one.runbook.tasks}
    yield from _most([f"  + {task}: {titles[task]}{_hint(found, task)}" for task in found.added])
    yield from _most([f"  ~ {_change(change)}" for change in found.changes])
    stays = "removed" if removes else "stays: --remove-absent removes it"
    yield from _most([f"  - {task}: not in the file, {stays}" for task in found.removed])
    if found.reordered:
        yield "  the rows stand in another order"
    if found.is_empty and not found.removed:
        yield "  nothing changes"
    elif accepted:
        yield "  taken over"
    else:
        yield "  nothing is written: --accept takes it over"


def facts_of_diff(found: PlanDiff) -> dict[str, object]:
    return {
        "added": found.added,
        "changed": [
            {"task": c.task, "field": c.field, "before": c.before, "after": c.after} for c in found.changes
        ],
        "absent": found.removed,
        "reordered": found.reordered,
        "alike": dict(found.alike),
        "changed_tasks": len(Counter(c.task for c in found.changes if c.task)),
    }


def _hint(found: PlanDiff, task: str) -> str:
    near = found.alike.get(task)
    return f" ({task}, did you mean {near}? It is not in the file)" if near else ""


def _change(change: Change) -> str:
    place = f"{change.task} {change.field}".strip()
    before, after = (_short(text) for text in (change.before, change.after))
    if not after:
        return f"{place}: {before} is cleared"
    return f"{place}: {before} -> {after}" if before else f"{place}: set to {after}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:67]}..."  # noqa: PLR2004


def _most(lines: list[str]) -> Iterator[str]:
    yield from lines[:MOST_SHOWN]
    if len(lines) > MOST_SHOWN:
        yield f"    and {len(lines) - MOST_SHOWN} more: --json has all"
