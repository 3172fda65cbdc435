"""Question 2: is the threat and risk in what waits understood, and is the gravest done first?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from contingency.domain.clocks import ClockStatus, StatutoryClock, next_due
from contingency.domain.triage import Grade
from contingency.figures import Answer, Figure, Record, age, count, so_many
from contingency.sheets import sheet_clocks
from contingency.sources import Seen, TracedSheet

QUESTION = "Is the threat and risk in the backlogs understood, and are they prioritised by it?"


def risk(seen: Seen) -> Answer:
    running = list(_running(seen))
    return Answer(
        number=2,
        question=QUESTION,
        finding=_finding(seen),
        figures=(_first_ten(seen), *_graves(seen), *_limits(seen, running), *_waited(seen)),
    )


def _finding(seen: Seen) -> str:
    if not seen.ranked:
        return "Nothing waits that could be put in order; what did wait is done."
    high = sum(s.grade == Grade.HIGH for s in seen.waiting) + sum(i.tier is Grade.HIGH for i in seen.items)
    first = seen.ranked[0]
    return f"{so_many(high, 'high-risk item waits', 'high-risk items wait')}. Next is {first.item.id}: {first.why}."


def _first_ten(seen: Seen) -> Figure:
    sheets = {s.serial: s for s in seen.waiting}
    items = {i.key: i for i in seen.items}
    places = []
    for ranked in seen.ranked:
        name, why = ranked.item.id, f"is number {ranked.place}: {ranked.why}"
        if name in sheets:
            places.append(seen.of_sheet(sheets[name], why))
        elif name in items:
            places.append(seen.of_item(items[name], why))
    return count("First in the order of risk", places, listed=True)


def _graves(seen: Seen) -> Iterator[Figure]:
    high = [seen.of_sheet(s) for s in seen.waiting if s.grade == Grade.HIGH]
    yield count(
        "High-risk items waiting", [*high, *(seen.of_item(i) for i in seen.items if i.tier is Grade.HIGH)]
    )
    yield count(
        "Items with no risk grade", (seen.of_sheet(s) for s in seen.waiting if s.grade is None),
        ("item was never risk-assessed", "items were never risk-assessed"),
    )  # fmt: skip


def _running(seen: Seen) -> Iterator[tuple[TracedSheet, StatutoryClock]]:
    """The limit that falls due first on every sheet that waits."""
    for sheet in seen.waiting:
        if first := next_due(sheet_clocks(sheet, seen.clocks)):
            yield sheet, first


def _limits(seen: Seen, running: list[tuple[TracedSheet, StatutoryClock]]) -> Iterator[Figure]:
    past = [(s, c) for s, c in running if c.status(seen.now) is ClockStatus.BREACHED]
    soon = [(s, c) for s, c in running if c.status(seen.now) is ClockStatus.WARNING]
    late = [i for i in seen.items if i.due_at is not None and i.due_at <= seen.now]
    gone = [
        *(_clock(seen, s, c) for s, c in past),
        *(seen.of_item(i, f"due {i.due_at:%d %b %H:%M}Z") for i in late),
    ]
    yield count(
        "Past a time limit and still waiting",
        gone,
        ("item is past a time limit and still waits", "items are past a time limit and still wait"),
        listed=bool(late),
    )
    yield count("Time limits about to fall due", (_clock(seen, s, c) for s, c in soon))


def _clock(seen: Seen, sheet: TracedSheet, clock: StatutoryClock) -> Record:
    return seen.of_sheet(sheet, f"{clock.title}: {clock.left(seen.now)}")


def _waited(seen: Seen) -> Iterator[Figure]:
    """What the order came to: how long the slowest of each grade waited until it was in the target."""
    for grade in Grade:
        waits = [(w, s) for s in seen.sheets if s.grade == grade and (w := _wait(s)) is not None]
        if waits:
            longest, sheet = max(waits, key=lambda pair: (pair[0], pair[1].serial))
            label = f"Longest wait of the {len(waits):,} {grade}-risk forms done"
            yield Figure(label=label, value=age(longest), records=(seen.of_sheet(sheet),))


def _wait(sheet: TracedSheet) -> timedelta | None:
    if sheet.disposed_at is None or sheet.occurred_at is None:
        return None
    return sheet.disposed_at - sheet.occurred_at
