"""Says when the end of a run has moved, and why, as soon as it is known: before the overrun happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cutover.core.duration import show_minutes
from cutover.core.errors import Invalid
from cutover.domain.programme import Programme
from runbooks.domain import run_events as ev
from runbooks.domain.forecasting.backout_time import Turning, all_hands
from runbooks.domain.forecasting.forecast import Forecast, look_ahead
from runbooks.domain.forecasting.redispatch import Redispatched, redispatch
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.plan import Estimate, Task
from runbooks.domain.run_events import TaskStage
from runbooks.domain.run_state import RunState
from runbooks.domain.timing.network import Actuals

MOVED = timedelta(minutes=30)  # a smaller shift of P80 is noise and is not recorded
STALLED = timedelta(hours=3)  # while nothing is in progress the end moves with the clock: said now and then
SAMPLES = 1_000
SEED = 72
LATE = 1.1  # times its plan, from which a running task is called late


@dataclass(frozen=True, slots=True)
class Background:
    """What a live forecast knows besides the run: who there is, the way back as a plan, what past runs said."""

    programme: Programme | None = None
    backout: Sequence[Task] = ()
    fits: Mapping[str, Estimate] = field(default_factory=dict)


NO_BACKGROUND = Background()


def forecast_of(
    state: RunState, now: datetime, samples: int = SAMPLES, background: Background = NO_BACKGROUND
) -> Forecast:
    """The end of a run as seen at `now`, from what has happened and what running tasks say of themselves.

    A plan that its crew can no longer do is still forecast, as if every team were large enough.
    """
    situation, turning = situation_of(state, now, background), turning_of(state, background)
    try:
        return look_ahead(situation, seed=SEED, samples=samples, turning=turning)
    except Invalid:
        alone = situation_of(state, now, Background(None, background.backout, background.fits))
        return look_ahead(alone, seed=SEED, samples=samples, turning=turning)


def refined(
    state: RunState,
    now: datetime,
    background: Background,
    *,
    samples: int,
    keep_going: Callable[[], bool] = lambda: True,
) -> Redispatched | None:
    """The second figure: every sample dispatched anew. None when there is no crew to dispatch, or no time."""
    try:
        situation = situation_of(state, now, background)
        return redispatch(situation, seed=SEED, samples=samples, keep_going=keep_going)
    except Invalid:
        return None


def situation_of(state: RunState, now: datetime, background: Background) -> Situation:
    """A run at a moment. Shifts are those of the programme's window: a rehearsal at another time has all hands."""
    assert state.opens is not None
    programme = background.programme
    if programme is not None and programme.opens != state.opens:
        programme = all_hands(programme)
    return Situation(
        state.runbook.tasks, state.opens, actuals(state), now, active_repairs(state), projected(state), programme,
        state.runbook.distribution, fits=background.fits,
    )  # fmt: skip


def turning_of(state: RunState, background: Background) -> Turning:
    assert state.closes is not None
    return Turning(state.closes, state.backout, tuple(background.backout))


def move(
    state: RunState, now: datetime, by: str, background: Background = NO_BACKGROUND
) -> ev.MoveForecast | None:
    """The command that records a new forecast, when it differs enough from the recorded one."""
    assert state.closes is not None
    seen, known = forecast_of(state, now, background=background), state.forecast
    if known is not None and abs(seen.p80 - known.p80) < (MOVED if _is_moving(state) else STALLED):
        return None
    cause = "first forecast" if known is None else _cause(state, seen.p80 - known.p80)
    back = seen.backout
    return ev.MoveForecast(
        by=by,
        p50=seen.p50,
        p80=seen.p80,
        p95=seen.p95,
        chance_to_miss=seen.chance_to_miss(state.closes),
        cause=cause,
        capacity_aware=seen.capacity_aware,
        latest_backout=back.latest if back else None,
        backout_quantile=back.quantile if back and back.planned else None,
        back_by=back.back_by if back else None,
        gate=back.gate if back else "",
        gate_and_back_late=back.overrun if back else None,
    )


def actuals(state: RunState) -> Actuals:
    """When each task began and ended, as far as it did; one that was left out takes no time."""
    began = {name: at.started_at or at.ended_at for name, at in state.tasks.items()}
    return {name: (start, state.tasks[name].ended_at) for name, start in began.items() if start is not None}


def projected(state: RunState) -> dict[str, datetime]:
    """Where running tasks are heading by their own pace, as far as they have said so."""
    return {
        name: at.expected_end
        for name, at in state.tasks.items()
        if at.expected_end and at.stage is TaskStage.IN_PROGRESS
    }


def active_repairs(state: RunState) -> set[str]:
    """Repair tasks that belong to the plan now: those of a gate that said no, and those that ran."""
    return {
        task.id
        for task in state.runbook.tasks
        if task.repairs
        and (
            (state.tasks[task.repairs].stage is TaskStage.FAILED and not state.tasks[task.repairs].held)
            or state.tasks[task.id].started_at is not None
        )
    }


def overrun(state: RunState, name: str) -> float | None:
    """How many times its planned duration a running task is expected to take, once it has said so."""
    at, planned = state.tasks[name], state.plan[name].expected
    if at.started_at is None or at.expected_end is None or not planned:
        return None
    return (at.expected_end - at.started_at) / planned


def _is_moving(state: RunState) -> bool:
    return any(at.stage is TaskStage.IN_PROGRESS for at in state.tasks.values())


def _cause(state: RunState, shift: timedelta) -> str:
    late = {
        name: factor
        for name, at in state.tasks.items()
        if at.stage is TaskStage.IN_PROGRESS and (factor := overrun(state, name)) and factor > LATE
    }
    failed = [name for name, at in state.tasks.items() if at.stage is TaskStage.FAILED]
    gates = [name for name in failed if state.plan[name].gate]
    way = f"{show_minutes(abs(shift))} {'later' if shift > timedelta(0) else 'earlier'}"
    if late and shift < timedelta(0):
        return f"{way}: {', '.join(late)} is nearer its end, and less is left to chance"
    if late:
        worst = max(late, key=lambda name: (late[name] - 1) * state.plan[name].expected)
        return (
            f"{way}: {worst} {state.plan[worst].title} is expected to take {late[worst]:.1f} times its plan"
        )
    if gates:
        doing = "repairs are under way" if _is_moving(state) else "and nothing is under way"
        return f"{way}: {', '.join(gates)} said no, {doing}"
    if failed:
        return f"{way}: {', '.join(failed)} failed and holds what follows"
    if not _is_moving(state):
        return f"{way}: nothing is in progress"
    return f"{way}: tasks ended at other times than planned"
