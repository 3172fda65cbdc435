"""Edits of a plan while it runs, and the way back from it: what a person asks for, completed with what is known.

An edit is shown with what it does to the end before anybody accepts it; a backout brings the tasks that undo
what had begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cutover.core.duration import show_duration
from cutover.core.event import Fact
from runbooks.domain.backout_plan import CONFIRM, backout_id, make_backout, needed
from runbooks.domain.edits import AddedTask, EditApproved, EditProposed, ProposeEdit
from runbooks.domain.execution import RUN_MACHINE
from runbooks.domain.forecasting.forecast import Forecast
from runbooks.domain.plan import Task
from runbooks.domain.run_state import RunState
from runbooks.forecaster import forecast_of
from runbooks.service import RunService


@dataclass(frozen=True, slots=True)
class Impact:
    """The end as it looks now and as it would look after an edit."""

    before: Forecast
    after: Forecast
    closes: datetime

    @property
    def words(self) -> str:
        shift = timedelta(minutes=round((self.after.p80 - self.before.p80) / timedelta(minutes=1)))
        later = "later" if shift > timedelta(0) else "earlier"
        way = f"moves {show_duration(abs(shift))} {later}" if shift else "does not move"
        chances = [f"{seen.chance_to_miss(self.closes):.1%}" for seen in (self.before, self.after)]
        return f"the end (P80) {way}; chance to miss the window {' -> '.join(dict.fromkeys(chances))}"


class Changes:
    """The door for changing a run that is under way."""

    def __init__(self, runs: RunService) -> None:
        self.runs = runs

    def propose(
        self,
        run_id: str,
        *,
        by: str,
        reason: str,
        changes: Mapping[str, Mapping[str, Any]] | None = None,
        added: Sequence[AddedTask] = (),
        removed: Sequence[str] = (),
    ) -> EditProposed:
        """Propose an edit, with what it does to the end. Raises Refused, Invalid or NotFound as `preview` does."""
        wish = _wish(by, reason, changes, added, removed)
        _, impact = self.preview(run_id, wish)
        said = wish.model_copy(update={"impact": impact.words if impact else ""})
        (fact,) = self.runs.ask(run_id, said)
        assert isinstance(fact.event, EditProposed)
        return fact.event

    def preview(self, run_id: str, wish: ProposeEdit) -> tuple[EditProposed, Impact | None]:
        """What an edit would change, and how the end would move; nothing is recorded.

        Raises Refused with every reason why it could not be taken over, Invalid for values that no task can have.
        """
        state, now = self.runs.state(run_id), self.runs.desk.clock.now()
        (event,) = RUN_MACHINE.decide(state, wish, now)
        assert isinstance(event, EditProposed)
        taken = EditApproved(number=event.number, becomes=state.edits.version + 1)
        after = RUN_MACHINE.fold([Fact(event, now, wish.by), Fact(taken, now, wish.by)], state)
        return event, self._impact(state, after, now)

    def _impact(self, state: RunState, after: RunState, now: datetime) -> Impact | None:
        if state.closes is None:
            return None
        before = forecast_of(state, now, background=self.runs.background(state.run_id))
        then = forecast_of(after, now, background=self.runs.background_of(after))
        return Impact(before, then, state.closes)

    def way_back(self, run_id: str, components: Sequence[str] = ()) -> tuple[Task, ...]:
        """What undoes everything that has begun of these components (none named: of the run), in its order."""
        state = self.runs.state(run_id)
        done = {task.undoes for task in state.runbook.tasks if task.undoes}
        begun = {
            name
            for name, at in state.tasks.items()
            if at.started_at is not None
            and name not in done
            and (not components or state.plan[name].component in components)
        }
        plan = self.runs.plans(backout_id(state.runbook)) or make_backout(state.runbook).runbook
        tasks = needed(plan, begun)
        return tuple(_named_apart(task, components) for task in tasks)


def _named_apart(task: Task, components: Sequence[str]) -> Task:
    """The last word of each way back has a name of its own: of several components each gives its own."""
    if task.id != CONFIRM or not components:
        return task
    return task.model_copy(update={"id": f"{CONFIRM}-{'-'.join(components)}"[:80]})


def _wish(
    by: str,
    reason: str,
    changes: Mapping[str, Mapping[str, Any]] | None,
    added: Sequence[AddedTask],
    removed: Sequence[str],
) -> ProposeEdit:
    plain = {task: dict(fields) for task, fields in (changes or {}).items()}
    return ProposeEdit(by=by, reason=reason, changes=plain, added=tuple(added), removed=tuple(removed))
