"""What went otherwise than planned, as it was recorded: failures, doubts, retries, skips, pauses, overrides, noes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cutover.core.event import Event, Fact
from cutover.domain import gates
from runbooks.domain import colours, turning_back
from runbooks.domain import run_events as ev
from runbooks.domain.attempts import TaskAllowed, TaskTryFailed
from runbooks.domain.run_events import Completion


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went otherwise: what kind, of which task ('' for the run), on whose word, in which words."""

    at: datetime
    kind: str
    task: str
    by: str
    words: str


_WORDS: Mapping[type[Event], tuple[str, Callable[[Any], str]]] = {
    ev.TaskFailed: ("failed", lambda e: e.reason),
    ev.TaskBecameUncertain: ("uncertain", lambda e: e.why),
    ev.TaskFoundUndone: ("settled: not done", lambda e: e.how),
    ev.TaskRetried: ("tried again", lambda e: e.reason),
    TaskTryFailed: ("try failed", lambda e: f"try {e.attempt}: {e.why}"),
    TaskAllowed: ("allowed", lambda _: "this rehearsal may perform it"),
    ev.TaskSkipped: ("skipped", lambda e: e.reason),
    ev.GateSaidNo: ("no", lambda e: f"{e.verdict}: {e.reason}".rstrip(": ")),
    ev.GateHeld: ("held", lambda e: f"{e.verdict}: {e.reason}".rstrip(": ")),
    ev.GateAskedAgain: ("asked again", lambda e: f"round {e.round}"),
    ev.RunPaused: ("paused", lambda e: e.message),
    ev.RunUnpaused: ("went on", lambda _: ""),
    ev.RunCanceled: ("canceled", lambda e: e.reason),
    ev.BackoutBegan: ("backout", lambda e: e.reason + _signed(e.signed_by)),
    turning_back.BackoutArmed: ("backout armed", lambda e: _of(e.components) + e.reason),
    turning_back.BackoutDisarmed: ("backout disarmed", lambda e: e.reason),
    turning_back.BackoutSigned: ("forced backout signed for", lambda e: _of(e.components) + e.reason),
    turning_back.ComponentBackoutBegan: (
        "backout",
        lambda e: _of(e.components) + e.reason + _signed(e.signed_by),
    ),
    ev.RunBackedOut: ("backed out", lambda _: "the old systems serve again"),
    colours.ColourOverridden: ("override", lambda e: e.reason),
    colours.OverrideLifted: ("override lifted", lambda _: ""),
    gates.GateWaived: ("waived", lambda e: f"{e.reason}; not met: {'; '.join(e.unmet) or 'nothing'}"),
    gates.GateEscalated: ("escalated", lambda e: f"to {', '.join(e.to)}, until {e.decide_by:%d %b %H:%M}Z"),
    gates.GateExpired: ("expired", lambda _: "its time ran out undecided"),
    gates.GateWithdrawn: ("withdrawn", lambda e: e.reason),
}


def _of(components: Iterable[str]) -> str:
    named = ", ".join(components)
    return f"{named}: " if named else ""


def _signed(names: Iterable[str]) -> str:
    signers = ", ".join(names)
    return f" (signed by {signers})" if signers else ""


def incidents(
    run: Iterable[Fact], of_gates: Mapping[tuple[str, int], Iterable[Fact]]
) -> tuple[Incident, ...]:
    """In the order in which they happened. A repair that nobody needed is none."""
    found = [*_told(run), *(one for (gate, _), facts in of_gates.items() for one in _told(facts, gate))]
    return tuple(sorted(found, key=lambda one: one.at))


def _told(facts: Iterable[Fact], gate: str = "") -> Iterator[Incident]:
    settling: set[str] = set()
    for fact in facts:
        event, task = fact.event, getattr(fact.event, "task", gate)
        if isinstance(event, ev.TaskBecameUncertain):
            settling.add(task)
        elif isinstance(event, ev.TaskDone) and task in settling:
            settling.discard(task)
            yield Incident(fact.at, "settled: done", task, fact.actor, event.evidence)
        if isinstance(event, ev.TaskSkipped) and event.completion is Completion.AUTO:
            continue
        if type(event) in _WORDS:
            kind, words = _WORDS[type(event)]
            yield Incident(fact.at, kind, task, fact.actor, words(event))
