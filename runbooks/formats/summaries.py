"""What a summary row means: it is done when the tasks below it are, and they wait for what it waits for.

A row is a summary when its column says so, or when the outline numbers (1, 1.1, 1.1.2) put tasks beneath it.
Its own length and start are sums of theirs: as lengths of a task they would be counted twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import FROM_END, TO_END, Link, Task, TaskType
from runbooks.formats.cells import read_flag
from runbooks.formats.sheet import Reading, Row

_OUTLINE = re.compile(r"\d+(?:\.\d+)*")
Made = tuple[Row, Task, frozenset[str]]


def open_summaries(reading: Reading, made: Sequence[Made]) -> list[Task]:
    """The tasks of a sheet, its summaries turned into milestones that follow their tasks."""
    tasks = [task for _row, task, _more in made]
    parents = _parents(reading, made)
    if not parents or reading.problems:
        return tasks
    below: dict[str, list[str]] = {}
    for child, above in parents.items():
        below.setdefault(above, []).append(child)
    inside = {name: _leaves(name, below) for name in below}
    awaited = {task.id: task.after for task in tasks if task.id in inside}
    for row, task, _more in made:
        _refuse_starts(reading, row, task, awaited)
    reading.note(f"{len(inside)} summary rows: each is a milestone that follows the tasks below it")
    return [_opened(task, parents, inside, awaited) for task in tasks]


def _parents(reading: Reading, made: Sequence[Made]) -> dict[str, str]:
    """Child -> the summary it stands below."""
    ids = [task.id for _row, task, _more in made]
    if len(set(ids)) < len(ids):
        return {}
    if "summary" in reading.columns.at:
        return _flagged(reading, made)
    if "parent" in reading.columns.at or not all(_OUTLINE.fullmatch(name) for name in ids):
        return {}
    known = set(ids)
    return {name: above for name in ids if (above := name.rpartition(".")[0]) in known}


def _flagged(reading: Reading, made: Sequence[Made]) -> dict[str, str]:
    """Rows below a summary are its own, until the next; outline numbers say more, where the ids are such."""
    marked = {task.id for row, task, _more in made if _is_marked(reading, row)}
    above, parents = "", {}
    for _row, task, _more in made:
        if task.id in marked:
            above = task.id
        elif above:
            parents[task.id] = above
    return parents


def _is_marked(reading: Reading, row: Row) -> bool:
    try:
        return read_flag(reading.cell(row, "summary"))
    except Invalid as error:
        for problem in error.problems:
            reading.fault(row.line, "summary", problem)
        return False


def _leaves(name: str, below: dict[str, list[str]]) -> list[str]:
    return [leaf for child in below[name] for leaf in (_leaves(child, below) if child in below else [child])]


def _refuse_starts(reading: Reading, row: Row, task: Task, awaited: dict[str, tuple[Link, ...]]) -> None:
    """A summary starts with the first of its tasks, and which that is nobody knows beforehand."""
    for link in task.after:
        if (link.task in awaited and link.kind not in FROM_END) or (
            task.id in awaited and link.kind in TO_END
        ):
            message = f"'{link}' ties the start or end of a summary row that has none of its own"
            reading.fault(
                row.line, "after", Problem(message, expected="a link between tasks below the summaries")
            )


def _opened(
    task: Task,
    parents: dict[str, str],
    inside: dict[str, list[str]],
    awaited: dict[str, tuple[Link, ...]],
) -> Task:
    above = parents.get(task.id, "")
    if task.id in inside:
        update = {
            "type": TaskType.MILESTONE,
            "duration": None,
            "estimate": None,
            "not_before": None,
            "gate": None,
        }
        return task.model_copy(
            update={**update, "parent": above, "after": tuple(Link(task=leaf) for leaf in inside[task.id])}
        )
    links = list(task.after)
    parent = above
    while parent:
        links += [link for link in awaited[parent] if link not in links]
        parent = parents.get(parent, "")
    return task.model_copy(update={"parent": above, "after": tuple(links)})
