"""Whether the plan was rehearsed: a complete rehearsal, not too long ago.

A walk-through, in which everybody is played and keeps to the plan, proves nothing and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.duration import parse_duration, show_duration
from cutover.core.errors import Invalid, Problem
from runbooks.domain.run_events import RunStage, RunType
from runbooks.domain.run_state import RunState

_GOING = (RunStage.ACTIVE, RunStage.PAUSED)


def complete_rehearsals(runs: Iterable[RunState]) -> list[RunState]:
    """The rehearsals that were worked to their end."""
    return [
        run
        for run in runs
        if run.run_type is RunType.REHEARSAL and run.stage is RunStage.COMPLETE and not run.setup.auto
    ]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Whether there was a complete rehearsal lately, in words that a decider can act on."""

    is_met: bool
    detail: str


def read_rule(text: str) -> tuple[timedelta, str]:
    """`30d`, or `30d:go-live` for rehearsals of one runbook only. Raises Invalid for anything else."""
    age, _, runbook = text.partition(":")
    try:
        within = parse_duration(age)
    except Invalid as error:
        expected = "an age such as rehearsal:30d, or rehearsal:30d:RUNBOOK"
        raise Invalid(Problem(f"'rehearsal:{text}' says no age", expected=expected)) from error
    return within, runbook


def is_rehearsing(runs: Iterable[RunState]) -> bool:
    """Whether a rehearsal is what is going on, and nothing live: its own gates cannot ask for an earlier one."""
    going = [run.run_type for run in runs if run.stage in _GOING]
    return bool(going) and all(kind is RunType.REHEARSAL for kind in going)


def rehearsed(runs: Iterable[RunState], within: timedelta, now: datetime, runbook: str = "") -> Rehearsed:
    """Ready needs a complete rehearsal that ended no longer ago than `within`."""
    ended = [
        (run.ended_at, run.run_id)
        for run in complete_rehearsals(runs)
        if run.ended_at is not None and runbook in ("", run.runbook.id)
    ]
    of = f" of {runbook}" if runbook else ""
    if not ended:
        return Rehearsed(is_met=False, detail=f"not ready: no complete rehearsal{of} at all")
    at, name = max(ended)
    ago = show_duration(timedelta(minutes=(now - at) // timedelta(minutes=1)))
    if now - at > within:
        span = show_duration(within)
        return Rehearsed(
            is_met=False, detail=f"not ready: no complete rehearsal{of} in {span}; {name} ended {ago} ago"
        )
    return Rehearsed(is_met=True, detail=f"{name} was worked to its end {ago} ago")
