"""What a review of this run cannot know, said before anything it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cutover.core.event import Fact
from runbooks.domain import run_events as ev
from runbooks.domain.plan import TaskType
from runbooks.domain.reviewing.stretches import Courses, is_over
from runbooks.domain.run_events import Completion, RunType
from runbooks.domain.run_stages import PERFORMER

if TYPE_CHECKING:
    from runbooks.domain.reviewing.review import TaskReview

LATE = timedelta(minutes=5)  # learnt longer than this after it happened
PLAYED = "played"
NAMED = 5
_NO_LENGTH = (TaskType.MILESTONE, TaskType.APPROVAL)


def caveats(
    facts: Sequence[Fact], recorded: Sequence[datetime], seen: Courses, tasks: Sequence[TaskReview]
) -> Iterator[str]:
    """Sentences, the gravest first."""
    state = seen.state
    if not is_over(state):
        yield f"The run is {state.stage}: this is how far it had come at {seen.until:%d %b %H:%M}Z, not how it ended."
    if state.setup.auto:
        yield "A walk-through: everybody was played and kept to the plan. Its times prove nothing."
    elif state.run_type is RunType.REHEARSAL:
        yield from _of_a_rehearsal(facts)
    yield from _of_tasks(seen, tasks)
    yield from _of_words(seen, tasks)
    if late := _late(facts, recorded):
        yield f"{late} facts were recorded more than {LATE // timedelta(minutes=1)} minutes after they happened: their times are what somebody said."
    if not any(isinstance(fact.event, ev.ForecastMoved) for fact in facts):
        yield "No forecast was recorded: nothing says what was expected of the end, or how long one could turn back."


def _of_a_rehearsal(facts: Sequence[Fact]) -> Iterator[str]:
    played = {
        fact.event.task
        for fact in facts
        if isinstance(fact.event, ev.TaskDone) and fact.event.evidence.startswith(PLAYED)
    }
    if played:
        yield f"A rehearsal: {len(played)} tasks were played, and a played person waits for nobody and takes the planned time."
    else:
        yield "A rehearsal: people and systems may take longer on the night."


def _of_tasks(seen: Courses, tasks: Sequence[TaskReview]) -> Iterator[str]:
    bare = [t.id for t in tasks if not t.planned_length and t.type not in _NO_LENGTH and t.ended]
    if bare:
        yield f"{_named(bare)} had no planned length: there is nothing to set {_it(bare)} against."
    added = [t.id for t in tasks if t.planned is None and t.ended and not seen.state.plan[t.id].repairs]
    if added:
        yield f"{_named(added)} came into the plan while it ran: no start or end was planned when it began."
    hours = [t.id for t in tasks if seen.state.plan[t.id].calendar and t.worked]
    if hours:
        yield f"{_named(hours)} followed working hours: the time worked is counted by the clock, closed hours included."
    open_ = [t.id for t in tasks if seen.state.tasks[t.id].completion is None]
    if is_over(seen.state) and open_:
        yield f"{_named(open_)} never ended: the totals hold what had been spent until then."


def _of_words(seen: Courses, tasks: Sequence[TaskReview]) -> Iterator[str]:
    people = [
        t
        for t in tasks
        if seen.state.tasks[t.id].completion is Completion.NORMAL
        and t.by != PERFORMER
        and t.type is not TaskType.APPROVAL
    ]
    unclaimed = [t.id for t in people if t.is_hidden]
    if unclaimed:
        yield f"{_named(unclaimed)} {_were(unclaimed)} said to be done without having been claimed: the work is hidden in its waiting time."
    silent = [t.id for t in people if not t.note]
    if silent:
        yield f"{_named(silent)} {_were(silent)} done on somebody's word, without evidence."


def _late(facts: Sequence[Fact], recorded: Sequence[datetime]) -> int:
    return sum(1 for fact, at in zip(facts, recorded, strict=False) if at - fact.at > LATE)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} tasks ({', '.join(names[:NAMED])}{more})" if len(names) > 1 else names[0]


def _were(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
