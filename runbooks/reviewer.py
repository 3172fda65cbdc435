"""Gathers what a review is made from: the facts of a run and its gates, and the runs of the same plan before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cutover.domain.gates import gate_stream
from runbooks.domain.execution import run_stream
from runbooks.domain.reviewing.review import Record, Review, review
from runbooks.domain.timing.calendars import calendars_of

if TYPE_CHECKING:
    from runbooks.service import RunService


def review_of(runs: RunService, run_id: str) -> Review:
    """A run reviewed from the journal alone, as far as it has come. Raises NotFound."""
    return review(record_of(runs, run_id), runs.desk.clock.now())


def record_of(runs: RunService, run_id: str) -> Record:
    journal, state = runs.desk.journal, runs.state(run_id)
    facts = journal.read(run_stream(run_id))
    of_gates = {
        (name, round_): journal.read(gate_stream(run_id, name, round_))
        for name, at in state.tasks.items()
        if state.plan[name].gate is not None
        for round_ in range(1, at.round + 1)
    }
    ids = runs.run_ids(state.runbook.id)
    before = ids[: ids.index(run_id)] if run_id in ids else []
    return Record(
        run=facts,
        gates=of_gates,
        earlier=[runs.state(name) for name in before],
        past=[past for past in runs.past_runs(state.runbook.id) if past.name in (*before, run_id)],
        calendars=calendars_of(runs.programme, state.opens, state.closes),
        recorded=[fact.recorded_at for fact in facts],
    )
