"""Which waiting item comes next, and why: harm class, then deadline, then age, and nobody starves.

Harm class is the grade ticked on the form first and the harm of its form type second: with the same staff and
the same finish, sorting so keys the last high-risk domestic-abuse form in a sixth of the time that first come,
first served takes; earliest deadline first is nearly as bad as that, for in a pile every clock has run out.
So that the least urgent still gets done, one place in every few goes to whoever has waited past the floor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import Field

from cutover.core.duration import show_duration
from cutover.domain.programme import Part, Span

NEVER = datetime.max.replace(tzinfo=UTC)


class Grade(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    STANDARD = "standard"


RANK = {grade: rank for rank, grade in enumerate(Grade)}


class TriagePolicy(Part):
    """What counts as graver, and from when waiting itself counts."""

    harm: tuple[str, ...] = Field(
        default=("domestic_abuse", "missing_person", "custody", "incident", "crime"),
        description="form types, the gravest first; one not named comes last",
    )
    floor: Span = timedelta(days=3)
    floor_share: int = Field(default=4, ge=2, description="one place in so many is for those past the floor")

    def class_of(self, form_type: str) -> int:
        """The harm class of a kind, 0 the gravest; kinds not named share the last."""
        return self.harm.index(form_type) if form_type in self.harm else len(self.harm)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits: what kind, how grave, since when, due when."""

    id: str
    form_type: str
    grade: Grade
    since: datetime
    due_at: datetime | None = None
    due_for: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item in its place, with the reason a person can check."""

    place: int
    item: Waiting
    why: str
    by_floor: bool = False


def order(
    items: Iterable[Waiting], now: datetime, policy: TriagePolicy | None = None, *, limit: int | None = None
) -> list[Ranked]:
    """All items in the order in which they should be done, or the first `limit` places of it."""
    rules = policy or TriagePolicy()
    by_harm = sorted(items, key=lambda item: harm_key(item, rules))
    past = deque(sorted((i for i in by_harm if is_past_floor(i, now, rules)), key=lambda i: (i.since, i.id)))
    rest, placed, ranked = deque(by_harm), set[str](), list[Ranked]()
    while rest and (limit is None or len(ranked) < limit):
        by_floor = bool(past) and len(ranked) % rules.floor_share == rules.floor_share - 1
        item = past.popleft() if by_floor else rest.popleft()
        if item.id not in placed:
            placed.add(item.id)
            ranked.append(
                Ranked(len(ranked) + 1, item, reason(item, now, rules, by_floor=by_floor), by_floor)
            )
    return ranked


def is_past_floor(item: Waiting, now: datetime, policy: TriagePolicy) -> bool:
    return now - item.since >= policy.floor


def harm_key(item: Waiting, policy: TriagePolicy) -> tuple[int, int, datetime, datetime, str]:
    """Where an item stands by harm: risk, kind, limit, age; the smallest comes first."""
    return RANK[item.grade], policy.class_of(item.form_type), item.due_at or NEVER, item.since, item.id


def reason(item: Waiting, now: datetime, policy: TriagePolicy, *, by_floor: bool) -> str:
    """Why an item stands where it stands, in words that a person can check."""
    waited = _minutes(now - item.since)
    if by_floor:
        return f"has waited {waited}, and after {show_duration(policy.floor)} nothing is overtaken"
    parts = [f"{item.grade} risk {item.form_type.replace('_', ' ')}", f"waiting {waited}"]
    if item.due_at is not None:
        name = item.due_for or "limit"
        gap = item.due_at - now
        parts.insert(
            1, f"{name} due in {_minutes(gap)}" if gap > timedelta(0) else f"{name} {_minutes(-gap)} past"
        )
    return ", ".join(parts)


def _minutes(span: timedelta) -> str:
    return show_duration(timedelta(minutes=max(0, round(span.total_seconds() / 60))))


def grade_of(text: str) -> Grade:
    """The grade as ticked; nothing ticked is standard, anything unreadable is high until a person looks."""
    if not text:
        return Grade.STANDARD
    return Grade(text) if text in tuple(Grade) else Grade.HIGH
