"""What stands where in a JSON body."""

from __future__ import annotations

import json
from typing import Any


def read_json(raw: bytes | str) -> Any:
    """The JSON value, or None when it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def look_up(body: Any, path: str) -> Any:
    """The value at a dotted path (`custody.cells.0`), None where there is none."""
    for step in path.split("."):
        if isinstance(body, dict):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


def leaves(body: Any) -> list[Any]:
    """Every value that is neither a list nor an object."""
    pending, found = [body], []
    while pending:
        value = pending.pop()
        if isinstance(value, dict | list):
            pending += value.values() if isinstance(value, dict) else value
        else:
            found.append(value)
    return found
