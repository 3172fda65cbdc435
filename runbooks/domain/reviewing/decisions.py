"""How each gate was decided: asked when, due when, decided when, by whom, on which evidence as it was then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.event import Fact
from cutover.domain.gates import GATE, GateOpened, GateState, Verdict, VoteCast, unmet
from runbooks.domain.plan import Task


@dataclass(frozen=True, slots=True)
class EvidenceThen:
    """What a criterion rested on when the gate was decided; `age` is how old that was then, None: there was none."""

    criterion: str
    finding: str
    detail: str
    source: str
    by: str = ""
    age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class VoteThen:
    by: str
    vote: str
    caveat: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConditionThen:
    """A condition on a go: who set it, who had read it, and how it ended; '' while it stood."""

    text: str
    by: str
    acknowledged: tuple[str, ...]
    ended_by: str
    how: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One round of a gate. `late` is by how much it was decided after it was due; None: it was in time, or not due.

    It was due when it was asked to be; an escalation gives more time and does not make it less late.

    `unmet` is what was not met at that moment: of a waived gate, what was waived.
    """

    gate: str
    title: str
    round: int
    asked: datetime
    due: datetime | None
    decided: datetime | None
    verdict: Verdict
    lasted: timedelta
    late: timedelta | None
    votes: tuple[VoteThen, ...]
    conditions: tuple[ConditionThen, ...]
    escalated: datetime | None
    evidence: tuple[EvidenceThen, ...]
    unmet: tuple[str, ...]
    reason: str
    closed_by: str

    @property
    def deciders(self) -> tuple[str, ...]:
        """Who gave the decision: everybody who voted, or who closed the gate otherwise."""
        return tuple(dict.fromkeys(vote.by for vote in self.votes)) or (
            (self.closed_by,) if self.closed_by else ()
        )


def decision(task: Task, round_: int, facts: Sequence[Fact], now: datetime) -> Decision | None:
    """One round of a gate from its own facts; None while it was never asked."""
    state = GATE.fold(facts)
    if state.opened_at is None:
        return None
    closing = next((f for f in reversed(facts) if f.at == state.closed_at), None)
    until = state.closed_at or max(now, state.opened_at)
    due = next((f.event.decide_by for f in facts if isinstance(f.event, GateOpened)), None)
    return Decision(
        gate=task.id,
        title=state.title or task.title,
        round=round_,
        asked=state.opened_at,
        due=due,
        decided=state.closed_at,
        verdict=state.verdict,
        lasted=until - state.opened_at,
        late=until - due if due is not None and until > due else None,
        votes=tuple(_votes(facts)),
        conditions=tuple(
            ConditionThen(c.text, c.by, tuple(dict.fromkeys(c.acknowledged)), c.ended_by, c.how)
            for c in state.conditions.values()
        ),
        escalated=state.escalated_at,
        evidence=tuple(_evidence(state, until)),
        unmet=unmet(state, until),
        reason=state.reason,
        closed_by=closing.actor if closing else "",
    )


def _votes(facts: Sequence[Fact]) -> list[VoteThen]:
    cast = ((f, f.event) for f in facts)
    return [VoteThen(f.actor, e.vote, e.caveat, f.at) for f, e in cast if isinstance(e, VoteCast)]


def _evidence(state: GateState, until: datetime) -> list[EvidenceThen]:
    found = []
    for criterion in state.criteria:
        known = state.evidence.get(criterion.id)
        if known is None:
            found.append(EvidenceThen(criterion.title, "none", "", criterion.source))
        else:
            found.append(
                EvidenceThen(
                    criterion.title,
                    known.finding,
                    known.detail,
                    known.source,
                    known.by,
                    max(_ZERO, until - known.at),
                )
            )
    return found


_ZERO = timedelta(0)


def decisions(
    gates: Mapping[tuple[str, int], Sequence[Fact]], plan: Mapping[str, Task], now: datetime
) -> tuple[Decision, ...]:
    """Every round of every gate that was asked, in the order of asking."""
    found = [
        decision(plan[name], round_, facts, now) for (name, round_), facts in gates.items() if name in plan
    ]
    return tuple(sorted((one for one in found if one), key=lambda one: (one.asked, one.gate)))
