"""Where a gate stands: its evidence, conditions and votes; what is unmet, and who may still decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from cutover.domain.gate_events import Criterion, Finding, OnTimeout, Verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    finding: Finding
    detail: str
    source: str
    link: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What somebody said must be so, who has read it, and how it ended: met or withdrawn, by whom and how."""

    text: str
    by: str
    at: datetime
    acknowledged: tuple[str, ...] = ()
    ended_by: str = ""
    how: str = ""

    @property
    def is_open(self) -> bool:
        return not self.ended_by


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate as decided so far; `votes` maps voter to (vote, caveat)."""

    verdict: Verdict = Verdict.UNOPENED
    title: str = ""
    criteria: tuple[Criterion, ...] = ()
    deciders: tuple[str, ...] = ()
    quorum: int = 1
    decide_by: datetime | None = None
    opened_by: str = ""
    opened_at: datetime | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=lambda: MappingProxyType({}))
    votes: Mapping[str, tuple[Verdict, str]] = field(default_factory=lambda: MappingProxyType({}))
    closed_at: datetime | None = None
    reason: str = ""
    conditions: Mapping[str, Condition] = field(default_factory=lambda: MappingProxyType({}))
    deputies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    initiator: str = ""
    on_timeout: OnTimeout = OnTimeout.HOLD
    escalate_to: tuple[str, ...] = ()
    escalate_within: timedelta | None = None
    escalated_at: datetime | None = None
    waivers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # who signed, and why


def unmet(state: GateState, now: datetime) -> tuple[str, ...]:
    """Every criterion that is not met at `now`, each with the reason a person can act on."""
    return tuple(
        f"{c.title}: {why}" for c in state.criteria if (why := _why_not(c, state.evidence.get(c.id), now))
    )


def open_conditions(state: GateState, unread_by: str = "") -> Mapping[str, Condition]:
    """The conditions that stand; with a name, those which that person has not acknowledged."""
    return {
        name: condition
        for name, condition in state.conditions.items()
        if condition.is_open and (not unread_by or unread_by not in condition.acknowledged)
    }


def holds(state: GateState) -> bool:
    """Whether this end keeps what is behind the gate waiting, without any repair: withdrawn, or expired to hold."""
    expired = state.verdict is Verdict.EXPIRED and state.on_timeout is not OnTimeout.NO_GO
    return expired or state.verdict is Verdict.WITHDRAWN


def may_decide(state: GateState, who: str) -> str:
    """The seat for which this person votes: their own, or that of the decider they stand in for; '' when none."""
    if who in (state.opened_by, state.initiator):
        return ""
    if who in state.deciders:
        return who
    return next((seat for seat in state.deciders if state.deputies.get(seat) == who), "")


def may_countersign(state: GateState, who: str) -> bool:
    """Whether this person may be the second who opens it: anybody who decides, is asked next, began the run or opened it."""
    others = (state.initiator, state.opened_by, *state.escalate_to)
    return bool(may_decide(state, who)) or who in others


def _why_not(criterion: Criterion, evidence: Evidence | None, now: datetime) -> str:
    if evidence is None:
        return "no evidence"
    if evidence.finding is not Finding.MET:
        found = evidence.finding.replace("_", " ")
        return f"{found} ({evidence.detail})"
    if criterion.max_age is not None and now - evidence.at > criterion.max_age:
        return f"evidence is stale ({evidence.at:%d %b %H:%M}Z)"
    return ""
