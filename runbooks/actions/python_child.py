"""The process in which a Python action runs: reads what is asked, calls the entry point, writes what came of it.

A function that never ends, eats memory or crashes its interpreter takes down this process and nothing else.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
from importlib.metadata import entry_points
from typing import Any

GROUP = "cutover.actions"


def main() -> None:
    asked = json.load(sys.stdin)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the function prints is its log, not its answer
    try:
        said = {"found": _called(asked["function"], asked["arguments"])}
    except Exception as error:  # noqa: BLE001  the function is not ours: whatever it raises is its failure
        said = {"raised": f"{type(error).__name__}: {error}"}
    answer.write(json.dumps(said, default=str))
    answer.close()


def _called(name: str, arguments: dict[str, Any]) -> Any:
    (entry,) = entry_points(group=GROUP, name=name) or (None,)
    if entry is None:
        known = ", ".join(sorted(one.name for one in entry_points(group=GROUP))) or "none"
        raise LookupError(f"no installed package offers '{name}' in {GROUP}; known: {known}")
    found = entry.load()(**arguments)
    return asyncio.run(_awaited(found)) if inspect.isawaitable(found) else found


async def _awaited(found: Any) -> Any:
    return await found


if __name__ == "__main__":
    main()
