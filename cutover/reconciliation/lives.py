"""The life of a finding: open, explained, said to be repaired, verified by a later run; seen again, it is open again.

Theory: a run opens findings, people explain them and claim repairs, and only a later whole run that no longer finds
them verifies anything. Who repairs does not verify: that is the run's. An explanation gives a code and a name; it
does not make a finding less of one. One stream holds the lives of a contract's findings, by class and key; those that
nobody touched have none, they stand in the findings of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table


class Life(StrEnum):
    OPEN = "open"
    EXPLAINED = "explained"
    REPAIRED = "repaired"
    VERIFIED = "verified"


class FindingsExplained(Event):
    """Somebody says why: a code for the cause and a sentence, for each of these findings."""

    typed = frozenset({"reason"})
    findings: tuple[str, ...]
    code: str
    reason: str


class FindingsRepaired(Event):
    """Somebody claims to have repaired them, and how. Nothing is verified by that."""

    typed = frozenset({"how"})
    findings: tuple[str, ...]
    how: str


class FindingsVerified(Event):
    """A later run read both sides whole and found them no more."""

    findings: tuple[str, ...]
    run: int


class FindingsSeenAgain(Event):
    """A later run found them after a repair was claimed or verified: they are open again."""

    findings: tuple[str, ...]
    run: int


class ExplainFindings(Command):
    findings: tuple[str, ...]
    code: str
    reason: str


class RepairFindings(Command):
    findings: tuple[str, ...]
    how: str


class JudgeFindings(Command):
    """What a whole run still finds; all others that were touched are gone."""

    run: int
    still: tuple[str, ...]


EVENTS = (FindingsExplained, FindingsRepaired, FindingsVerified, FindingsSeenAgain)

FINDINGS = Table(
    name="finding",
    theory="claimed is not verified: only a later run that no longer finds it verifies a repair",
    stages=Life,
    start=Life.OPEN,
    terminal=frozenset(),
    moves={
        (Life.OPEN, FindingsExplained): Life.EXPLAINED,
        (Life.EXPLAINED, FindingsExplained): Life.EXPLAINED,
        (Life.OPEN, FindingsRepaired): Life.REPAIRED,
        (Life.EXPLAINED, FindingsRepaired): Life.REPAIRED,
        (Life.EXPLAINED, FindingsVerified): Life.VERIFIED,
        (Life.REPAIRED, FindingsVerified): Life.VERIFIED,
        (Life.REPAIRED, FindingsSeenAgain): Life.OPEN,
        (Life.VERIFIED, FindingsSeenAgain): Life.OPEN,
    },
)


@dataclass(frozen=True, slots=True)
class FindingLife:
    """How one finding stands; what is claimed and what is verified are apart."""

    stage: Life = Life.OPEN
    code: str = ""
    reason: str = ""
    explained_by: str = ""
    repaired: str = ""
    repaired_by: str = ""
    verified_by_run: int | None = None


@dataclass(frozen=True, slots=True)
class FindingLives:
    """The findings that somebody or some run did something about."""

    lives: Mapping[str, FindingLife] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, finding: str) -> FindingLife:
        return self.lives.get(finding, FindingLife())


def decide(state: FindingLives, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case ExplainFindings(findings=findings, code=code, reason=reason):
            return [
                FindingsExplained(
                    findings=_able(state, findings, FindingsExplained), code=code, reason=reason
                )
            ]
        case RepairFindings(findings=findings, how=how):
            return [FindingsRepaired(findings=_able(state, findings, FindingsRepaired), how=how)]
        case JudgeFindings(run=run, still=still):
            return _judged(state, run, frozenset(still))
    raise Refused(f"finding: {type(command).__name__} is not something that happens to findings")


def evolve(state: FindingLives, fact: Fact) -> FindingLives:
    event, kind = fact.event, type(fact.event)
    changes: Mapping[str, object]
    match event:
        case FindingsExplained(findings=found, code=code, reason=reason):
            changes = {"code": code, "reason": reason, "explained_by": fact.actor}
        case FindingsRepaired(findings=found, how=how):
            changes = {"repaired": how, "repaired_by": fact.actor, "verified_by_run": None}
        case FindingsVerified(findings=found, run=run):
            changes = {"verified_by_run": run}
        case FindingsSeenAgain(findings=found):
            changes = {"repaired": "", "repaired_by": "", "verified_by_run": None}
        case _:
            return state
    moved = {
        one: replace(state.of(one), stage=FINDINGS.next(state.of(one).stage, kind), **changes)  # type: ignore[arg-type]
        for one in found
    }
    return FindingLives(MappingProxyType({**state.lives, **moved}))


FINDING = Machine("finding", FindingLives(), decide, evolve)


def findings_stream(contract_id: str) -> str:
    return f"findings:{contract_id}"


def finding_id(klass: str, key: Sequence[str | None]) -> str:
    """What a finding is known by from run to run: its class and its key."""
    return f"{klass}:" + " / ".join("" if part is None else part for part in key)


def _able(state: FindingLives, findings: Sequence[str], kind: type[Event]) -> tuple[str, ...]:
    if not findings:
        raise Refused("finding: none is named")
    stuck = [one for one in findings if not FINDINGS.allows(state.of(one).stage, kind)]
    if stuck:
        raise Refused(*(f"{one} is {state.of(one).stage}" for one in stuck))
    return tuple(findings)


def _judged(state: FindingLives, run: int, still: frozenset[str]) -> Sequence[Event]:
    def those(kind: type[Event], holds: Callable[[str], bool]) -> tuple[str, ...]:
        return tuple(
            one
            for one, life in sorted(state.lives.items())
            if FINDINGS.allows(life.stage, kind) and holds(one)
        )

    gone = those(FindingsVerified, lambda one: one not in still)
    again = those(FindingsSeenAgain, lambda one: one in still)
    return [
        *([FindingsVerified(findings=gone, run=run)] if gone else []),
        *([FindingsSeenAgain(findings=again, run=run)] if again else []),
    ]
