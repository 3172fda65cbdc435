"""Tables of paper and of time limits: by type what was written and what became of it, and what was late by which clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.backlogs import WAITING
from contingency.domain.clocks import ClockRule, StatutoryClock
from contingency.figures import words
from contingency.hindsight.reading import Past
from contingency.sheets import moments_of, sheet_clocks
from contingency.sources import TracedSheet
from paper_capture.domain.moves import Disposition
from runbooks.reviews.cells import Cell, Sheet

_NEVER_OUT = ("unprinted", "stock")


def paper(past: Past) -> Sheet:
    columns = (
        "Form", "Handed out", "Written on", "Spoiled", "Handed back blank", "Missing", "Still out blank", "On its way", *(str(d).capitalize() for d in Disposition),
        "First event", "Last in the target", "Longest wait", "Which",
    )  # fmt: skip
    says = ("Handed out = written on + spoiled + handed back blank + missing + still out; written on = on its way + what became of each.",)  # fmt: skip
    of: dict[str, list[TracedSheet]] = defaultdict(list)
    for sheet in past.seen.sheets:
        if sheet.stage not in _NEVER_OUT:
            of[sheet.form_type].append(sheet)
    terse = ("Form", "Handed out", "Written on", "On its way", "Missing", "Last in the target", "Longest wait", "Which")  # fmt: skip
    return Sheet("paper", "Paper by form, and its return", says, columns, tuple(_form(past, form, of[form]) for form in sorted(of)), terse)  # fmt: skip


def _form(past: Past, form: str, sheets: list[TracedSheet]) -> tuple[Cell, ...]:
    def staged(*stages: str) -> int | None:
        return sum(s.stage in stages for s in sheets) or None

    written = [s for s in sheets if s.stage in WAITING or s.disposition is not None]
    waited = [(past.now if s.disposed_at is None else s.disposed_at) - s.occurred_at for s in written if s.occurred_at]  # fmt: skip
    known = [s for s in written if s.occurred_at]
    worst = max(range(len(known)), key=waited.__getitem__, default=None)
    ends = [s.disposed_at for s in written if s.disposed_at]
    return (
        words(form), len(sheets), len(written) or None, staged("spoiled"), staged("unused"), staged("missing"), staged("issued"), staged(*WAITING),
        *(sum(s.disposition == d for s in written) or None for d in Disposition),
        min((s.occurred_at for s in known if s.occurred_at), default=None), max(ends, default=None),
        None if worst is None else waited[worst], "" if worst is None else known[worst].serial,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit on one record: when it fell due, and when it was met (None: not yet)."""

    rule: str
    title: str
    source: str
    record: str
    due_at: datetime
    met_at: datetime | None

    def late(self, now: datetime) -> timedelta:
        return max(timedelta(0), (self.met_at or now) - self.due_at)


def late(past: Past) -> Sheet:
    columns = ("Clock", "Ran on", "Late", "Of them not met yet", "Longest past", "Which", "Due", "Met", "From where the limit is")  # fmt: skip
    says = ("A clock of a paper form is met by the time that its rule names, else when its record was handed over live or is in the target; one of a register item when it was verified. Clocks run through blackout and paper.",)  # fmt: skip
    of: dict[str, list[Limit]] = defaultdict(list)
    for limit in limits(past):
        of[limit.rule].append(limit)
    rows = [_clock(group, past.now) for group in of.values()]
    rows.sort(key=lambda row: (-int(str(row[2] or 0)), str(row[0])))
    terse = ("Clock", "Ran on", "Late", "Of them not met yet", "Longest past", "Which")
    return Sheet("late", "What was late, by which clock", says, columns, tuple(rows), terse)


def _clock(group: list[Limit], now: datetime) -> tuple[Cell, ...]:
    missed = [one for one in group if one.late(now)]
    worst = max(missed, key=lambda one: one.late(now), default=None)
    head: tuple[Cell, ...] = (
        group[0].title, len(group), len(missed) or None, sum(one.met_at is None for one in missed) or None,
    )  # fmt: skip
    if worst is None:
        return *head, None, "", None, None, group[0].source
    return *head, worst.late(now), worst.record, worst.due_at, worst.met_at, group[0].source


def limits(past: Past) -> Iterator[Limit]:
    """Every limit that ran: of the sheets that somebody wrote on, and of the register's items."""
    rules = {rule.id: rule for rule in past.seen.clocks.rules}
    for sheet in past.seen.sheets:
        if sheet.stage in WAITING or sheet.disposition is not None:
            for clock in sheet_clocks(sheet, past.seen.clocks):
                rule = rules[clock.rule]
                yield Limit(rule.id, rule.title, rule.source, sheet.serial, clock.due_at, _met(past, sheet, rule, clock))  # fmt: skip
    for life in past.items:
        found, closed = life.state.found, life.state.reference
        if found is not None and found.due_at is not None:
            kind = found.item_type
            title = f"{words(kind)} of the register"
            yield Limit(f"item {kind}", title, "the item's own limit, or the service standard", life.name, found.due_at, life.last.at if closed else None)  # fmt: skip


def _met(past: Past, sheet: TracedSheet, rule: ClockRule, clock: StatutoryClock) -> datetime | None:
    """When the limit ended: by the time the rule names, else with the record live, handed over or converted."""
    if clock.stopped:
        times = moments_of(sheet)
        if written := [at for name in (rule.met_by, rule.stops_at) if (at := times.get(name))]:
            return min(written)
    ends = [at for at in (past.handed_over.get(sheet.serial), sheet.disposed_at) if at is not None]
    return min(ends, default=None)
