"""The gates a run waits at: which are open, what one that was decided leads to, and when its time runs out."""

from __future__ import annotations

from datetime import datetime

from cutover.domain import gates
from cutover.domain.gates import GateState, Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.run_events import TaskStage
from runbooks.domain.run_state import RunState
from runbooks.service import PERFORMER, RunService


def open_gates(state: RunState) -> list[str]:
    """The tasks whose gates have been asked and not decided, in the order of the plan."""
    moving = state.tasks.under_way()
    return [name for name, at in moving if at.stage is TaskStage.IN_PROGRESS and state.plan[name].gate]


def passing(service: RunService, run_id: str, name: str, now: datetime) -> ev.PassGate | None:
    """What to record of a gate that has been decided, else None; its evidence and its time are looked at first."""
    gate = service.gate(run_id, name)
    if gate.verdict is Verdict.PENDING:
        gate = _still_open(service, run_id, name, gate, now)
    if gate.verdict is Verdict.PENDING:
        return None
    return ev.PassGate(
        by=PERFORMER,
        task=name,
        verdict=gate.verdict,
        reason=gate.reason or ", ".join(f"{who} {vote}" for who, (vote, _) in gate.votes.items()),
        decided_by=service.decided_by(run_id, name),
        holds=gates.holds(gate),
    )


def _still_open(service: RunService, run_id: str, name: str, gate: GateState, now: datetime) -> GateState:
    """Bring its evidence up to date, or close it when its time is over."""
    if gate.decide_by is not None and now >= gate.decide_by:
        return service.expire_gate(run_id, name)
    service.gather(run_id, name)
    return gate


def times_out(service: RunService, run_id: str, state: RunState) -> list[datetime | None]:
    """When the time of each open gate runs out; None where it has none."""
    return [gates.next_deadline(service.gate(run_id, name)) for name in open_gates(state)]
