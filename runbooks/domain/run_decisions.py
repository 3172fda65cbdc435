"""What may be asked of a whole run: begin, pause, edit, turn back, end, write beside it. Tasks are asked elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cutover.core.errors import Refused
from cutover.core.event import Command, Event
from runbooks.domain import colours, edits, notes, turning_back
from runbooks.domain import run_events as ev
from runbooks.domain.deciding import undecidable, why_stuck
from runbooks.domain.run_events import RUN, RunStage
from runbooks.domain.run_state import RunState

WORKING = frozenset({RunStage.ACTIVE, RunStage.BACKING_OUT})  # what is due is done: the plan, or the way back
GOING = frozenset({RunStage.ACTIVE, RunStage.PAUSED})


def decide_run(state: RunState, command: Command) -> Sequence[Event]:
    if isinstance(command, notes.NoteCommand):
        return [notes.decide(state.notes, state.plan, command)]
    if isinstance(command, colours.ColourCommand):
        return [colours.decide(state, command)]
    if isinstance(command, edits.EditCommand):
        return _edit(state, command)
    if type(command) not in _RUN_DECISIONS:
        raise Refused(f"run: {type(command).__name__} is not a command of a run")
    event = _RUN_DECISIONS[type(command)](state, command)
    if type(event) in _RUN_MOVES:
        RUN.next(state.stage, type(event))
    if isinstance(event, ev.RunUnpaused) and not state.tasks.unfinished():
        return [event, ev.RunCompleted()]  # what was under way ended during the pause, and it was the last
    return [event]


def _edit(state: RunState, command: edits.EditCommand) -> list[Event]:
    if state.stage not in GOING:
        raise Refused(f"the run is {state.stage}: its plan is not edited any more")
    begun = frozenset(name for name, at in state.tasks.items() if at.started_at is not None)
    ended = frozenset(name for name, at in state.tasks.items() if at.is_over)
    here = edits.Situation(state.runbook, begun, ended, live=state.run_type is ev.RunType.LIVE)
    event = edits.decide(state.edits, command, here)
    if isinstance(event, edits.EditProposed):
        _check_decidable(state, event)
    if not isinstance(event, edits.EditApproved):
        return [event]
    left = {
        task.id for task in edits.edited(state.runbook, state.edits.by_number[event.number].proposal).tasks
    }
    return [event] if left - ended or state.stage is not RunStage.ACTIVE else [event, ev.RunCompleted()]


def _check_decidable(state: RunState, proposal: edits.EditProposed) -> None:
    """Raises Refused for an edit after which a gate that it touches could be decided by too few."""
    touched = {change.task for change in proposal.changes} | {add.task.id for add in proposal.added}
    after = edits.edited(state.runbook, proposal).tasks
    if stuck := [t for t in undecidable(after, state.started_by) if t.id in touched]:
        raise Refused(*(why_stuck(task, state.started_by) for task in stuck))


def _back_out(state: RunState, command: Any) -> Event:
    _going(state)
    turning_back.check_components(command.components, state.plan)
    signed_by = turning_back.signed(state.signatures, command.components, *command.signed_by)
    turning_back.check_signed(state.no_returns, command.components, command.by, signed_by)
    turning_back.check_new(command.tasks, state.plan)
    common = {"reason": command.reason, "signed_by": signed_by, "tasks": command.tasks}
    if command.components:
        return turning_back.ComponentBackoutBegan(components=command.components, **common)
    return ev.BackoutBegan(**common)


def _arm(state: RunState, command: Any) -> Event:
    _going(state)
    turning_back.check_components(command.components, state.plan)
    if wall := turning_back.closed_by(state.no_returns, command.components):
        raise Refused(
            f"nothing is armed past the point of no return ({wall.at:%d %b %H:%M}Z by {wall.by}): force it"
        )
    return turning_back.BackoutArmed(reason=command.reason, components=command.components)


def _disarm(state: RunState, command: Any) -> Event:
    if state.armed is None:
        raise Refused("no backout is armed")
    return turning_back.BackoutDisarmed(reason=command.reason)


def _sign(state: RunState, command: Any) -> Event:
    _going(state)
    turning_back.check_components(command.components, state.plan)
    if turning_back.closed_by(state.no_returns, command.components) is None:
        raise Refused("no point of no return is behind it: the way back is open and needs no signature")
    if command.by in turning_back.signed(state.signatures, command.components):
        raise Refused(f"{command.by} has signed already")
    return turning_back.BackoutSigned(reason=command.reason, components=command.components)


def _take_signature_back(state: RunState, command: Any) -> Event:
    if command.by not in turning_back.signed(state.signatures, command.components):
        raise Refused(f"{command.by} has not signed for that")
    return turning_back.SignatureTakenBack(components=command.components)


def _confirm_back(state: RunState, command: Any) -> Event:
    del command
    if left := [name for name, at in state.tasks.items() if not at.is_over and state.backouts]:
        raise Refused(f"of the way back these are not over: {', '.join(left[:8])}")
    return ev.RunBackedOut()


def _going(state: RunState) -> None:
    if state.stage not in GOING:
        raise Refused(f"the run is {state.stage}: there is nothing to turn back")


_RUN_MOVES = frozenset(event for _, event in RUN.moves)
_RUN_DECISIONS: Mapping[type[Command], Callable[[RunState, Any], Event]] = {
    ev.StartRun: lambda s, c: ev.RunStarted(
        **{name: getattr(c, name) for name in ev.RunStarted.model_fields}
    ),
    ev.PauseRun: lambda s, c: ev.RunPaused(message=c.message),
    ev.UnpauseRun: lambda s, c: ev.RunUnpaused(),
    ev.BackOut: _back_out,
    turning_back.ArmBackout: _arm,
    turning_back.DisarmBackout: _disarm,
    turning_back.SignBackout: _sign,
    turning_back.TakeSignatureBack: _take_signature_back,
    ev.ConfirmBackedOut: _confirm_back,
    ev.CancelRun: lambda s, c: ev.RunCanceled(reason=c.reason),
    ev.LinkFlow: lambda s, c: ev.FlowLinked(flow_run_id=c.flow_run_id),
    ev.MoveForecast: lambda s, c: ev.ForecastMoved(**c.model_dump(exclude={"by"})),
}
