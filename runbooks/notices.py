"""Who is told what, now: a task that can start or is late, a gate to decide, a forecast past the window, an announcement.

Pure: the same run at the same moment gives the same notices under the same ids, so that each is sent once however
often, and from however many processes, it is worked out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.domain.gates import GateState, Verdict, gate_stream
from cutover.domain.programme import Programme
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_events import RUN, RunStage, TaskStage
from runbooks.domain.run_state import RunState

LATE = timedelta(minutes=5)  # past its planned end before anybody is told
GATE_DUE = timedelta(minutes=30)  # before the time to decide ends
OF_PEOPLE = (TaskType.NORMAL, TaskType.VALIDATION, TaskType.COMMS)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person; `task` is what it is about, '' for the whole run."""

    id: str
    person: str
    subject: str
    text: str
    task: str = ""


def notices(
    state: RunState, gates: Mapping[str, GateState], programme: Programme, now: datetime
) -> Iterator[Notice]:
    """Everything that somebody should have been told by now. A run that is over or paused calls nobody to work."""
    if state.stage in RUN.terminal:
        return
    yield from _announcements(state, programme, now)
    yield from _forecast(state, programme)
    if state.stage is not RunStage.ACTIVE:
        return
    for task in state.runbook.tasks:
        yield from _of_task(state, task, programme, now)
        if task.id in gates:
            yield from _of_gate(state, task, gates[task.id], programme, now)


def _of_task(state: RunState, task: Task, programme: Programme, now: datetime) -> Iterator[Notice]:
    at, name = state.tasks[task.id], f"{task.id} {task.title}"
    if task.type not in OF_PEOPLE:
        return
    if at.may_start(now):
        for who in _people(state, task):
            id_ = f"notice:{state.run_id}:startable:{task.id}:{at.tries}:{who}"
            yield Notice(id_, who, f"Can start: {name}", f"{name} can start.", task.id)
    if at.stage is TaskStage.IN_PROGRESS and at.started_at is not None and task.expected:
        due = at.started_at + task.expected
        if now > due + LATE and at.expected_end is None:
            text = f"{name} should have ended {show(due, programme.zone)}. Say how it stands."
            for who in dict.fromkeys((at.by, *managers(programme))):
                yield Notice(
                    f"notice:{state.run_id}:late:{task.id}:{at.tries}:{who}",
                    who,
                    f"Late: {name}",
                    text,
                    task.id,
                )


def _of_gate(
    state: RunState, task: Task, gate: GateState, programme: Programme, now: datetime
) -> Iterator[Notice]:
    if gate.verdict is not Verdict.PENDING:
        return
    stream, name = gate_stream(state.run_id, task.id, state.tasks[task.id].round), f"{task.id} {task.title}"
    until = f" until {show(gate.decide_by, programme.zone)}" if gate.decide_by else ""
    waiting = [who for who in gate.deciders if who not in gate.votes]
    for who in waiting:
        yield Notice(
            f"notice:{stream}:asked:{who}", who, f"Decide: {name}", f"{name} waits for you{until}.", task.id
        )
    if gate.decide_by is not None and now >= gate.decide_by - GATE_DUE and gate.escalated_at is None:
        for who in (*waiting, *(gate.deputies[w] for w in waiting if w in gate.deputies)):
            text = f"{name} is not decided and its time ends {show(gate.decide_by, programme.zone)}."
            yield Notice(f"notice:{stream}:due:{who}", who, f"Due: {name}", text, task.id)
    if gate.escalated_at is not None:
        for who in gate.escalate_to:
            text = f"{name} was not decided in time: you may decide it now{until}."
            yield Notice(f"notice:{stream}:escalated:{who}", who, f"Escalated: {name}", text, task.id)


def _forecast(state: RunState, programme: Programme) -> Iterator[Notice]:
    """Told again when it is an hour worse."""
    seen, closes = state.forecast, state.closes
    if seen is None or closes is None or seen.p80 <= closes:
        return
    late = seen.p80 - closes
    minutes = show_duration(timedelta(minutes=late // timedelta(minutes=1)))
    text = f"The run is expected to end {show(seen.p80, programme.zone)} (P80), {minutes} after the window closes: {seen.cause}."
    for who in managers(programme):
        yield Notice(
            f"notice:{state.run_id}:window:{late // _HOUR}:{who}", who, "The forecast passes the window", text
        )


def _announcements(state: RunState, programme: Programme, now: datetime) -> Iterator[Notice]:
    for said in state.notes.standing(now):
        for person in programme.people:
            id_ = f"notice:{state.run_id}:announcement:{said.number}:{person.id}"
            yield Notice(id_, person.id, f"{state.runbook.title}: {said.text}"[:120], said.text)


def managers(programme: Programme) -> tuple[str, ...]:
    return tuple(p.id for p in programme.people if "programme_manager" in p.roles)


def _people(state: RunState, task: Task) -> tuple[str, ...]:
    """Whose a task is: its owner, or where it has none, the team; the deputy as well."""
    first = (task.owner,) if task.owner else state.members.get(task.team, ())
    return tuple(dict.fromkeys(name for name in (*first, task.deputy) if name))
