"""Tables of what was said to be done beside what somebody else saw: day by day, and load by load; and what is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from contingency.domain.backlog import BacklogItemClaimed, BacklogItemReopened, BacklogItemVerified, ItemStage
from contingency.domain.improvements import ActionClaimed, ActionReopened, ActionStage, ActionVerified
from contingency.domain.incidents import CauseClaimed, CauseVerified, IncidentReopened, IncidentStage
from contingency.domain.issues import IssueStage
from contingency.domain.triggers import OPEN
from contingency.figures import so_many, words
from contingency.hindsight.reading import Past
from cutover.core.event import Event
from cutover.reconciliation.findings import FATAL
from cutover.store.journal import Journal
from runbooks.domain.run_events import TaskDone
from runbooks.reviews.cells import Cell, Off, Sheet

KINDS: Mapping[str, tuple[type[Event], type[Event], type[Event]]] = {
    "register items": (BacklogItemClaimed, BacklogItemVerified, BacklogItemReopened),
    "actions": (ActionClaimed, ActionVerified, ActionReopened),
    "causes of incidents": (CauseClaimed, CauseVerified, IncidentReopened),
}  # what is claimed, then verified by somebody else, and taken back


@dataclass(frozen=True, slots=True)
class Tally:
    """One fact on the way from claimed to verified: of what, at what moment, which of the three."""

    at: datetime
    what: str
    step: int


def tallies(journal: Journal, began: datetime) -> tuple[Tally, ...]:
    """Every claim, proof and taking back since `began`."""
    of = {kind.kind(): (what, step) for what, kinds in KINDS.items() for step, kind in enumerate(kinds)}
    found = (Tally(fact.at, *of[fact.event.kind()]) for fact in journal.all(list(of)) if fact.at >= began)
    return tuple(sorted(found, key=lambda one: one.at))


def by_day(past: Past, all_: tuple[Tally, ...]) -> Sheet:
    """Sums up to the end of each day on which something moved."""
    used = [what for what in KINDS if any(one.what == what for one in all_)]
    columns = ("Day", *(f"{what.capitalize()} {step}" for what in used for step in ("claimed", "verified", "taken back")))  # fmt: skip
    sums: Counter[tuple[str, int]] = Counter()
    days: dict[date, tuple[Cell, ...]] = {}
    for one in all_:
        sums[one.what, one.step] += 1
        day = past.programme.local(one.at).date()
        days[day] = (f"{day:%a %d %b %Y}", *(sums[what, step] for what in used for step in range(3)))
    says = ("Sums up to the end of each day. What is claimed and not verified is not done.",)
    return Sheet("claims", "Claimed and verified, day by day", says, columns, tuple(days.values()))


def loads(past: Past) -> Sheet:
    """What the loaders said of themselves, and what a comparison from the source register found."""
    columns = ("When", "What", "Claimed or verified", "In words", "Missing or extra")
    rows: list[tuple[Cell, ...]] = []
    for fact in past.seen.loads:
        if isinstance(fact.event, TaskDone) and fact.at >= past.began:
            result = fact.event.result
            said = f"{result['read']} read, {result['failed']} failures"
            rows.append((fact.at, fact.event.task, "claimed by the loader", said, None))
    for c in past.seen.comparisons:
        if c.fact.at >= past.began:
            off = sum(c.outcome.count(klass) for klass in FATAL)
            rows.append(
                (c.fact.at, c.outcome.contract, f"verified, run {c.outcome.run}", str(c.outcome), off)
            )
    rows.sort(key=lambda row: str(row[0]))
    return Sheet("loads", "Migrated, claimed and verified", (), columns, tuple(rows))


def still_open(past: Past) -> Sheet:
    """Whatever somebody still has to do: actions first."""
    columns = ("Kind", "Which", "What", "Who", "State", "Since", "Due", "Late by")
    rows = [*_actions(past), *_issues(past), *_plays(past), *_partners(past)]
    says = ("An action that is claimed is open until somebody else has verified it.",)
    return Sheet("open", "Still open", says, columns, tuple(rows))


def _actions(past: Past) -> Iterator[tuple[Cell, ...]]:
    for one in past.seen.actions:
        if one.stage is not ActionStage.VERIFIED:
            state = "claimed, not verified" if one.stage is ActionStage.CLAIMED else words(one.stage)
            yield "action", one.id, one.title, past.name(one.owner), state, one.raised_at, one.due_at, _past(past, one.due_at)  # fmt: skip


def _issues(past: Past) -> Iterator[tuple[Cell, ...]]:
    for life in past.issues:
        known = life.state.known
        if life.state.stage is IssueStage.KNOWN and known is not None:
            until = life.state.expires_at
            state = "to be looked at again" if life.state.expired(past.now) else "known"
            yield "known issue", life.name, known.title, past.name(known.owner), state, life.first.at, until, _past(past, until)  # fmt: skip


def _plays(past: Past) -> Iterator[tuple[Cell, ...]]:
    for life in past.seen.plays:
        if life.state.stage in OPEN and life.state.play is not None:
            who = past.name(life.state.decided_by)
            yield "play", life.state.play.id, life.state.play.title, who, words(life.state.stage), life.first.at, None, None  # fmt: skip


def _partners(past: Past) -> Iterator[tuple[Cell, ...]]:
    for notice in past.seen.bulletins.unacknowledged:
        yield "notice", notice.id, notice.subject, notice.title, "not acknowledged", notice.told_at, None, None  # fmt: skip
    for pair in past.seen.bulletins.differing:
        ours = "none of ours" if pair.ours is None else f"ours {pair.ours:,}"
        yield "partner's count", pair.flow, f"theirs {pair.theirs:,}, {ours}", pair.partner, "not explained", pair.at, None, None  # fmt: skip


def _past(past: Past, due: datetime | None) -> Off | None:
    return Off(past.now - due) if due is not None and due < past.now else None


def unverified(past: Past) -> str:
    """What is claimed and not verified now, in words; '' when nothing is."""
    items = sum(one.state.stage is ItemStage.CLAIMED for one in past.items)
    actions = sum(one.stage is ActionStage.CLAIMED for one in past.seen.actions)
    found = sum(one.state.stage is IncidentStage.EXPLAINED for one in past.incidents)
    counted = ((items, "register item"), (actions, "action"), (found, "cause of an incident"))
    return ", ".join(so_many(n, one, "causes of incidents" if "cause" in one else "") for n, one in counted if n)  # fmt: skip
