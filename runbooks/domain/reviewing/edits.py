"""How the plan was changed while it ran: what was asked, by whom, and which version followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cutover.core.event import Fact

KINDS = ("PlanEdited", "EditProposed", "EditApproved", "EditRejected", "EditApplied", "EditWithdrawn")


@dataclass(frozen=True, slots=True)
class Edit:
    """One fact about a change of the plan, in words."""

    at: datetime
    kind: str
    by: str
    words: str


def edits(facts: Iterable[Fact]) -> tuple[Edit, ...]:
    return tuple(
        Edit(fact.at, fact.event.kind(), fact.actor, "; ".join(_words(fact)))
        for fact in facts
        if fact.event.kind() in KINDS
    )


def _words(fact: Fact) -> Iterable[str]:
    body = fact.event.model_dump(mode="json")
    yield from (f"{name} {value}" for name, value in body.items() if isinstance(value, str | int) and value)
