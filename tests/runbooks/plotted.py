"""Plans laid out for the tests of pictures: the small one, and one of a thousand tasks."""

from __future__ import annotations

from typing import Any

from cutover.domain.programme import Programme
from runbooks.domain.plan import Runbook
from runbooks.planned import Planned, planned

WIDE = {"low": "1h", "likely": "2h", "high": "5h"}
TASKS: list[dict[str, Any]] = [
    {"id": "A", "title": "Freeze", "stream": "freeze", "team": "data", "estimate": {"low": "1h", "likely": "1h", "high": "1h"}},
    {"id": "B", "title": "Load", "stream": "load", "team": "data", "after": "A", "estimate": WIDE},
    {"id": "C", "title": "Count <b> & sum", "stream": "load", "team": "data", "after": "A", "duration": "30m"},
    {"id": "G", "title": "Go or no-go", "stream": "decide", "type": "approval", "after": ["B", "C"], "duration": "30m",
     "gate": {"criteria": [], "deciders": ["chen"]}},
    {"id": "R", "title": "Mend", "stream": "load", "repairs": "G", "duration": "1h"},
    {"id": "O", "title": "Open", "stream": "decide", "after": "G", "duration": "10m", "point_of_no_return": True},
]  # fmt: skip
PROGRAMME: dict[str, Any] = {
    "title": "Records",
    "zone": "Europe/London",
    "window": {"opens": "2026-10-24T22:00", "closes": "2026-10-25T12:00", "backout": "4h"},
    "teams": [{"id": "data", "title": "Data migration", "capacity": 1}],
    "people": [{"id": "chen", "name": "Chen Wu"}],
}


def small(**changed: Any) -> Planned:
    """Load and Count need the same one person: levelled, one waits for the other."""
    streams = [{"id": "freeze", "title": "Freeze"}, {"id": "load", "title": "Load"}]
    book = Runbook.model_validate(
        {"id": "small", "title": "A small plan", "streams": streams, "tasks": TASKS}
    )
    return planned(book, Programme.model_validate(PROGRAMME | changed))


def large(count: int = 1_000) -> Planned:
    """Ten streams of a chain each, tied now and then, one task in fifty a gate."""
    tasks: list[dict[str, Any]] = []
    for n in range(count):
        after = [f"T{n - 10}"] if n >= 10 else []
        after += [f"T{n - 13}"] if n >= 13 and n % 7 == 0 else []
        kind: dict[str, Any] = (
            {"type": "approval", "gate": {"deciders": ["chen"]}}
            if n % 50 == 49
            else {"estimate": WIDE | {"high": "3h"}}
        )
        tasks.append(
            {"id": f"T{n}", "title": f"Do {n}", "stream": f"s{n % 10}", "after": after, "duration": "20m"}
            | kind
        )
    book = Runbook.model_validate({"id": "large", "title": "A large plan", "tasks": tasks})
    return planned(
        book,
        Programme.model_validate(
            PROGRAMME | {"window": {"opens": "2026-10-24T22:00", "closes": "2026-11-06T12:00"}}
        ),
    )
