"""How the plan was changed while it ran: every fact after which it was another, and what was proposed and not taken.

Told by comparing the plan before and after, so whatever kind of fact changed it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover.core.event import Fact
from runbooks.domain.edits import EVENTS
from runbooks.domain.plan import Runbook
from runbooks.domain.plan_diff import Change, diff

UNTOLD = {"base", "becomes"}  # versions of the plan: counted by the machine, read by nobody
SHOWN = 8
Changed = tuple[Fact, Runbook, Runbook]


@dataclass(frozen=True, slots=True)
class Edit:
    """One fact about a change of the plan: what kind, by whom, and what it changed in words."""

    at: datetime
    kind: str
    by: str
    words: str


def edits(changed: Sequence[Changed], facts: Iterable[Fact]) -> tuple[Edit, ...]:
    """In the order in which they happened."""
    applied = [fact for fact, _, _ in changed]
    told = [
        Edit(fact.at, fact.event.kind(), fact.actor, "; ".join(_differs(before, after)))
        for fact, before, after in changed
    ]
    told += [
        Edit(fact.at, fact.event.kind(), fact.actor, "; ".join(_says(fact)))
        for fact in facts
        if isinstance(fact.event, EVENTS) and fact not in applied
    ]
    return tuple(sorted(told, key=lambda one: one.at))


def _differs(before: Runbook, after: Runbook) -> Iterator[str]:
    found = diff(before, after)
    if found.added:
        yield f"added {', '.join(found.added)}"
    if found.removed:
        yield f"removed {', '.join(found.removed)}"
    yield from map(_change, found.changes[:SHOWN])
    if len(found.changes) > SHOWN:
        yield f"and {len(found.changes) - SHOWN} more fields"
    if found.reordered:
        yield "in another order"


def _change(one: Change) -> str:
    return f"{one.task or 'the plan'}: {one.field} {one.before or 'nothing'} → {one.after or 'nothing'}"


def _says(fact: Fact) -> Iterator[str]:
    body = fact.event.model_dump(mode="json", exclude=UNTOLD)
    yield from (f"{name} {value}" for name, value in body.items() if isinstance(value, str | int) and value)
