"""What an edit said in words means: `T12.duration=3h`, `T14.after=T12 FS+1h`, a task to add, a task to take out.

An empty value clears a field. A task added is named after its id until a title is set. Who waited for a task that
is taken out waits for what that one waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import Invalid, NotFound, Problem, nearest
from runbooks.domain.plan import Task, faults, in_zone
from runbooks.domain.timing.impact import edit_between, removal
from runbooks.domain.timing.laid_out import Edit

SAYS = "TASK.FIELD=VALUE, such as T12.duration=3h"
FIELDS = tuple(
    name for name in Task.model_fields if name not in ("id", "action", "undo", "inverse", "gate", "custom")
)


def read_edit(
    tasks: Sequence[Task],
    zone: str,
    *,
    sets: Iterable[str] = (),
    adds: Iterable[str] = (),
    removes: Sequence[str] = (),
) -> Edit:
    """The edit that these words ask for. Raises Invalid with every fault of them, and of the plan they would leave."""
    left = removal(tasks, removes)
    gone, mended = set(left.removed), {task.id: task for task in left.changed}
    shall = {task.id: mended.get(task.id, task) for task in tasks if task.id not in gone}
    problems: list[Problem] = []
    for name in adds:
        if name in shall:
            problems.append(Problem(f"there is a task '{name}' already", field="--add"))
        else:
            shall[name] = Task(id=name, title=name)
    for words in sets:
        try:
            task = _set(words, shall)
            shall[task.id] = task
        except Invalid as error:
            problems += error.problems
    fixed, forbidden = in_zone(tuple(shall.values()), zone)
    if not problems:
        found = [*forbidden, *faults(fixed)]
        problems = [
            Problem(f.message, "", None, f"{fixed[f.index].id}.{f.field}", f.expected, f.nearest)
            for f in found
        ]
    if problems:
        raise Invalid(*problems)
    return edit_between(tasks, fixed)


def _set(words: str, tasks: dict[str, Task]) -> Task:
    place, equals, value = words.partition("=")
    name, dot, field = place.strip().rpartition(".")
    if not (equals and dot and name):
        raise Invalid(Problem(f"'{words}' is no edit", field="--set", expected=SAYS))
    if name not in tasks:
        raise Invalid(Problem(str(NotFound("task", name, tasks)), field="--set"))
    if field not in FIELDS:
        near = nearest(field, FIELDS)
        raise Invalid(
            Problem(f"'{field}' is not a field that can be set", field="--set", expected=SAYS, nearest=near)
        )
    return tasks[name].model_copy(update={field: _value(field, value.strip(), place)})


def _value(field: str, text: str, place: str) -> Any:
    """What a task makes of the text in that field."""
    if not text and field != "title":
        return Task.model_fields[field].get_default(call_default_factory=True)
    given: Any = text
    if field in ("estimate", "undo_estimate"):
        given = dict(zip(("low", "likely", "high"), text.replace(",", "/").split("/"), strict=False))
    try:
        return getattr(Task.model_validate({"id": "x", "title": "x", field: given}), field)
    except ValidationError as error:
        raise Invalid(*(Problem(f"'{text}': {e['msg']}", field=place) for e in error.errors())) from error
