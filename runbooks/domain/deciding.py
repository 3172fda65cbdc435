"""Whether the gates of a run can be decided at all: who begins a run does not decide it, so enough others must be named.

A run that is begun, or edited, is held to that. One that was begun before the rule was made may hold a gate that nobody
is left to decide: it is not asked until an edit of the plan, approved by name, says who decides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from runbooks.domain.plan import Task, TaskGate

if TYPE_CHECKING:
    from runbooks.domain.run_state import RunState


def can_be_decided(gate: TaskGate, but: str) -> bool:
    """Whether enough seats are left when one person may not vote."""
    seats = [seat for seat in set(gate.deciders) if {seat, gate.deputies.get(seat, but)} - {but}]
    return len(seats) >= gate.quorum


def undecidable(tasks: Iterable[Task], but: str) -> Iterator[Task]:
    """The gates for which too few are left to decide."""
    return (task for task in tasks if task.gate and not can_be_decided(task.gate, but))


def stuck_gates(state: RunState) -> Iterator[Task]:
    """The gates of a run that are still to be decided and cannot be."""
    return undecidable(
        (t for t in state.runbook.tasks if t.gate and not state.tasks[t.id].is_over), state.started_by
    )


def why_stuck(task: Task, started_by: str) -> str:
    """What holds such a gate, and what to do about it."""
    assert task.gate is not None  # only a gate can be stuck
    named = ", ".join(task.gate.deciders) or "nobody"
    return (
        f"{task.id} {task.title} cannot be asked: {started_by} began this run and so does not decide it, and of its "
        f"deciders ({named}) too few are left for {task.gate.quorum}; name another by an edit of the plan, such as "
        f"`cutover run edit propose --set '{task.id}.gate.deciders=[…]'`, which somebody else approves"
    )
