"""How a gate reads: what speaks against it first, then the evidence with its age and source, then the votes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cutover.domain.gates import Criterion, Evidence, Finding, GateState, Verdict, gate_stream, unmet
from cutover.web.words import lasting, safe_link
from runbooks.board import VERDICTS, Look, Run
from runbooks.domain.plan import Task
from runbooks.service import PERFORMER

FINDINGS: Mapping[Finding, Look] = {
    Finding.MET: ("ok", "✓", "met"),
    Finding.NOT_MET: ("bad", "✗", "not met"),
    Finding.INCONCLUSIVE: ("warn", "?", "inconclusive"),
    Finding.ERROR: ("bad", "!", "error"),
    Finding.UNKNOWN: ("odd", "?", "unknown"),
}
STALE: Look = ("warn", "⌛", "stale")
MISSING: Look = ("odd", "?", "no evidence")


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One criterion: what it asks for, what is known, from where and how old."""

    title: str
    look: Look
    detail: str
    source: str
    age: str
    link: str


@dataclass(frozen=True, slots=True)
class GateCard:
    """One gate; `against` (unmet criteria) and `caveats` come before anything that speaks for it."""

    id: str
    title: str
    verdict: str
    look: Look
    against: tuple[str, ...]
    caveats: tuple[str, ...]
    evidence: tuple[EvidenceLine, ...]
    votes: tuple[str, ...]
    deciders: str
    when: str
    reason: str
    journal: str


def gate_card(run: Run, task: Task, gate: GateState) -> GateCard:
    """A gate with what speaks against it first."""
    at, slot = run.state.tasks[task.id], run.expected.slots.get(task.id)
    asked = gate.verdict is not Verdict.UNOPENED
    stated = gate if asked or task.gate is None else task.gate  # what will be asked, until it is
    seen_at = gate.closed_at or run.now
    return GateCard(
        id=task.id,
        title=task.title,
        verdict=gate.verdict,
        look=VERDICTS[gate.verdict],
        against=unmet(gate, seen_at) if asked else (),
        caveats=tuple(_caveats(run, gate)),
        evidence=tuple(_evidence(run, c, gate.evidence.get(c.id), seen_at) for c in stated.criteria),
        votes=tuple(_vote(run, who, vote, caveat) for who, (vote, caveat) in gate.votes.items()),
        deciders=f"{', '.join(map(run.name, stated.deciders))}; {stated.quorum} needed",
        when=_gate_time(run, gate, slot.early_start if slot else None),
        reason=gate.reason,
        journal=gate_stream(run.state.run_id, task.id, at.round),
    )  # fmt: skip


def _caveats(run: Run, gate: GateState) -> Iterator[str]:
    """Every condition that was named, the open ones first; of one that has ended, who ended it and how."""
    for condition in sorted(gate.conditions.values(), key=lambda c: not c.is_open):
        ended = f" — ended by {run.name(condition.ended_by)}: {condition.how}" if condition.ended_by else ""
        yield f"{run.name(condition.by)}: {condition.text}{ended}"
    named = {condition.by for condition in gate.conditions.values()}
    for who, (vote, caveat) in gate.votes.items():
        if (
            caveat and vote is Verdict.GO and who not in named
        ):  # of a time when a condition was part of its vote
            yield f"{run.name(who)}: {caveat}"


def _vote(run: Run, who: str, vote: Verdict, caveat: str) -> str:
    conditional = " on a condition, which is not a yes" if caveat and vote is Verdict.GO else ""
    return f"{run.name(who)}: {vote.replace('_', ' ')}{conditional}"


def _gate_time(run: Run, gate: GateState, expected: datetime | None) -> str:
    if gate.closed_at:
        return f"decided {run.time(gate.closed_at)}"
    if gate.verdict is Verdict.PENDING:
        opened = f"asked {run.time(gate.opened_at)}"
        return f"{opened}, decide by {run.time(gate.decide_by)}" if gate.decide_by else opened
    return f"expected {run.time(expected)}" if expected else ""


def _evidence(run: Run, criterion: Criterion, found: Evidence | None, now: datetime) -> EvidenceLine:
    if found is None:
        return EvidenceLine(criterion.title, MISSING, "", criterion.source, "", "")
    is_stale = criterion.max_age is not None and now - found.at > criterion.max_age
    seen = STALE if is_stale and found.finding is Finding.MET else FINDINGS[found.finding]
    claimed = "" if found.by == PERFORMER else f", claimed by {run.name(found.by)}"
    link = safe_link(found.link)
    if link.startswith("#"):
        link = f"/board/tasks/{link[1:]}?run={run.state.run_id}"
    age = f"{run.time(found.at)}, {lasting(now - found.at)} old"
    return EvidenceLine(criterion.title, seen, found.detail, f"{found.source}{claimed}", age, link)
