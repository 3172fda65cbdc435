"""What somebody typed to change a plan that runs, read: `T5.duration=3h`, a field at a time, in the programme's zone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from cutover.core.clock import read_moment
from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Task

MOMENTS = frozenset({"not_before", "deadline"})


def fields_of(settings: Iterable[str], zone: str, where: str = "--set") -> dict[str, dict[str, Any]]:
    """`T5.duration=3h` as task, field and value; an empty value clears. Raises Invalid naming the setting."""
    found: dict[str, dict[str, Any]] = {}
    for setting in settings:
        place, equals, text = setting.partition("=")
        task, dot, field = _place(place.strip())
        if not (equals and dot and task and field):
            expected = "TASK.field=value, such as T5.duration=3h"
            raise Invalid(Problem(f"'{setting}' sets nothing", field=where, expected=expected))
        found.setdefault(task, {})[field] = read_value(field, text, zone, f"{where} {place}")
    return found


def read_value(field: str, text: str, zone: str, where: str) -> Any:
    """What was typed into one field of a task, as a plain value. Raises Invalid naming the place."""
    text = text.strip()
    if text == "":
        return _cleared(field)
    if field in MOMENTS:
        return read_moment(text, zone).isoformat()
    if text[:1] not in ("[", "{") and text not in ("true", "false"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        expected = "text, or a YAML list or map"
        raise Invalid(Problem(f"'{text}' cannot be read", field=where, expected=expected)) from error


def _place(place: str) -> tuple[str, str, str]:
    """`T5.duration` as task and field; `G1.gate.deciders` as task and part of a field."""
    task, dot, field = place.rpartition(".")
    above, dot_above, whole = task.rpartition(".")
    return (
        (above, dot, f"{whole}.{field}") if dot_above and whole in Task.model_fields else (task, dot, field)
    )


def _cleared(field: str) -> Any:
    """What an empty field holds: the value that a new task has there."""
    return Task(id="x", title="x").model_dump(mode="json").get(field, "")
