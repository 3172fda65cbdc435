"""The performer does what is due, records it, and killed anywhere does nothing twice and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import httpx
import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict, Refused, Unavailable
from cutover.store import leases
from cutover.store.desk import Desk
from cutover.store.pen import Pen
from runbooks.actions import Call, Outcome, TransientError
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.plan import Effect
from runbooks.domain.run_events import Completion, RunStage, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.service import RunService
from runbooks.steps import Step
from tests.conftest import START
from tests.runbooks.conftest import Room
from tests.runbooks.performed import kinds, run, run_until, until
from tests.runbooks.plans import HOUR, auto, task

KEY = "small-1.A.1"


class Killed(BaseException):
    """The process is gone at this point; nothing after it runs."""


class DyingExecutor:
    """Kills the runner at a named fault point, the first time it gets there."""

    def __init__(self, point: str) -> None:
        self.point = point

    async def execute(self, step: Step) -> Outcome:
        self._die_at("before_effect")
        outcome = await step.perform()
        self._die_at("after_effect")
        return outcome

    def _die_at(self, point: str) -> None:
        if self.point == point:
            raise Killed(point)


def kill(room: Room, name: str, point: str) -> None:
    with pytest.raises(Killed, match=point):
        run(room, name, executor=DyingExecutor(point))


def test_a_whole_run_of_automated_tasks_waits_and_milestones(room: Room) -> None:
    name = room.start(
        auto("A"),
        task("W", "A", type="wait", duration="5h"),
        auto("B", "W"),
        task("M", "B", type="milestone"),
    )
    state = run(room, name)
    assert state.stage is RunStage.COMPLETE
    assert state.ended_at == START + 7 * HOUR
    assert dict(room.ledger.applied) == {"small-1.A.1": 1, "small-1.B.1": 1}
    assert state.forecast is not None


def test_begun_is_recorded_before_the_action_and_the_outcome_after(room: Room) -> None:
    name = room.start(auto("A"))
    run(room, name)
    assert kinds(room, name) == ["RunStarted", "TaskBegun", "TaskDone", "RunCompleted"]


def test_an_outcome_and_what_it_lets_start_are_one_write(room: Room) -> None:
    name = room.start(auto("A"), auto("B", "A"), auto("C", "A"))
    writes: list[list[str]] = []
    room.desk.journal.listeners.append(lambda facts: writes.append([f.event.kind() for f in facts]))
    run(room, name)
    assert [w for w in writes if w != ["ForecastMoved"]] == [
        ["TaskBegun"],
        ["TaskDone", "TaskBegun", "TaskBegun"],
        ["TaskDone", "TaskDone", "RunCompleted"],
    ]


@pytest.mark.parametrize("write", [2, 3])
def test_a_step_whose_outcome_can_no_longer_be_written_spoils_no_other(room: Room, write: int) -> None:
    """A and B end at one moment; a person has ended A while they ran, or as their outcomes are written."""
    name = room.start(auto("A"), auto("B"), auto("C", "B"))
    rivals = RunService(Desk(room.desk.journal, room.pace), room.service.programme)
    writing, waiting = room.desk.journal.writing, [write]

    def late() -> AbstractContextManager[Pen]:
        waiting[0] -= 1
        if waiting[0] == 0:
            rivals.ask(name, ev.SkipTask(by="manager", task="A", reason="done by hand"))
        return writing()

    room.desk.journal.writing = late  # type: ignore[method-assign]
    state = run(room, name)
    assert state.tasks["A"].completion is Completion.SKIPPED
    assert {state.tasks[task].completion for task in "BC"} == {Completion.AUTO}


@pytest.mark.parametrize(
    ("point", "effect", "requests"),
    [
        ("before_effect", Effect.PROBE, 1),
        ("after_effect", Effect.PROBE, 1),
        ("before_effect", Effect.IDEMPOTENT, 1),
        ("after_effect", Effect.IDEMPOTENT, 2),
    ],
)
def test_killed_at_a_fault_point_the_effect_is_there_once(
    room: Room, point: str, effect: Effect, requests: int
) -> None:
    """Found by its probe it is done; not found, or declared idempotent, it is repeated under the same key."""
    name = room.start(auto("A", effect=effect), task("B", "A", type="milestone"))
    kill(room, name, point)
    assert room.service.state(name).tasks["A"].stage is TaskStage.IN_PROGRESS
    state = run(room, name)
    assert state.stage is RunStage.COMPLETE
    assert (room.ledger.applied[KEY], room.ledger.requests[KEY]) == (1, requests)
    assert "TaskBecameUncertain" in kinds(room, name)
    assert RUN_MACHINE.fold(room.desk.journal.read(run_stream(name))) == state


def test_killed_three_times_over_it_is_still_there_once(room: Room) -> None:
    name = room.start(auto("A"))
    for point in ("before_effect", "before_effect", "after_effect"):
        kill(room, name, point)
    assert run(room, name).stage is RunStage.COMPLETE
    assert room.ledger.applied == {KEY: 1}


@pytest.mark.parametrize(("happened", "requests"), [(True, 1), (False, 2)])
def test_what_only_a_person_can_verify_waits_for_a_person(room: Room, happened: bool, requests: int) -> None:
    name = room.start(auto("A", effect=Effect.MANUAL_VERIFY))
    kill(room, name, "after_effect")
    word = ev.SettleTask(by="bo", task="A", happened=happened, how="looked at the screen")
    state = run_until(
        room,
        name,
        lambda state: state.tasks["A"].stage is TaskStage.UNCERTAIN,
        lambda: room.service.ask(name, word),
    )
    assert state.stage is RunStage.COMPLETE
    assert room.ledger.requests[KEY] == requests


class Scripted:
    """An action that does as its script says, one entry a call; a probe that does likewise."""

    def __init__(
        self, performs: list[Exception | Outcome], settles: list[Exception | Outcome | None]
    ) -> None:
        self.performs, self.settles = performs, settles
        self.keys: list[str] = []

    async def perform(self, call: Call) -> Outcome:
        self.keys.append(call.key)
        found = self.performs.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def settle(self, call: Call) -> Outcome | None:
        found = self.settles.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


DONE = Outcome(ok=True, evidence="there")
CUT = httpx.ReadError("the connection was cut")


def scripted(
    room: Room, performs: list[Exception | Outcome], settles: list[Exception | Outcome | None]
) -> Scripted:
    room.kinds["scripted"] = Scripted(performs, settles)
    return room.kinds["scripted"]


@pytest.mark.parametrize("answer", [CUT, TransientError("503")], ids=["cut", "503"])
def test_no_answer_is_no_failure_when_the_effect_is_found(room: Room, answer: Exception) -> None:
    action = scripted(room, [answer], [DONE])
    name = room.start(auto("A", kind="scripted"))
    assert run(room, name).tasks["A"].note == "there"
    assert action.keys == [KEY]


def test_while_nobody_can_tell_the_task_is_uncertain_and_asked_about_again(room: Room) -> None:
    unsure = Outcome(ok=False, evidence="500", certain=False)
    action = scripted(room, [CUT, DONE], [CUT, unsure, Unavailable("away"), None])
    name = room.start(auto("A", kind="scripted"))
    state = run(room, name)
    assert state.stage is RunStage.COMPLETE
    assert kinds(room, name)[1:5] == ["TaskBegun", "TaskBecameUncertain", "TaskFoundUndone", "TaskBegun"]
    assert action.keys == [KEY, KEY]


def test_an_effect_that_failed_is_asked_for_again_under_its_key_and_fails_by_its_own_words(
    room: Room,
) -> None:
    failed = Outcome(ok=False, evidence="failed: disk full")
    action = scripted(room, [CUT, failed], [CUT, failed])
    name = room.start(auto("A", kind="scripted"))
    run_until(
        room,
        name,
        lambda state: state.tasks["A"].stage is TaskStage.FAILED,
        lambda: room.service.ask(name, ev.CancelRun(by="asha", reason="enough")),
    )
    assert room.service.state(name).tasks["A"].note == "failed: disk full"
    assert action.keys == [KEY, KEY]


@pytest.mark.parametrize(
    ("effect", "settles", "stage"),
    [
        (Effect.PROBE, [None], TaskStage.FAILED),
        (Effect.IDEMPOTENT, [], TaskStage.FAILED),
        (Effect.MANUAL_VERIFY, [], TaskStage.UNCERTAIN),
    ],
)
def test_no_answer_and_no_effect_by_what_the_task_declares(
    room: Room, effect: Effect, settles: list[Exception | Outcome | None], stage: TaskStage
) -> None:
    scripted(room, [CUT], settles)
    name = room.start(auto("A", kind="scripted", effect=effect))
    run_until(
        room,
        name,
        lambda state: state.tasks["A"].stage is stage,
        lambda: room.service.ask(name, ev.CancelRun(by="asha", reason="enough")),
    )
    assert "the connection was cut" in room.service.state(name).tasks["A"].note


@pytest.mark.parametrize("error", [KeyError("path"), Refused("not in this mode")], ids=["defect", "refusal"])
def test_an_action_that_fails_holds_what_follows_until_it_is_tried_again(
    room: Room, error: Exception
) -> None:
    action = scripted(room, [error, DONE], [])
    name = room.start(auto("A", kind="scripted"), task("B", "A", type="milestone"))

    def held(state: RunState) -> bool:
        return (
            state.tasks["A"].stage is TaskStage.FAILED and state.tasks["B"].stage is TaskStage.NOT_STARTABLE
        )

    retry = ev.RetryTask(by="asha", task="A", reason="mended")
    assert run_until(room, name, held, lambda: room.service.ask(name, retry)).stage is RunStage.COMPLETE
    assert action.keys == [KEY, "small-1.A.2"]


def test_an_automated_task_without_action_or_of_an_unknown_kind_fails_with_the_reason(room: Room) -> None:
    name = room.start(task("A", type="automated"), auto("B", kind="wurld"))

    def failed(state: RunState) -> bool:
        return all(at.stage is TaskStage.FAILED for at in state.tasks.values())

    cancel = ev.CancelRun(by="asha", reason="enough")
    state = run_until(room, name, failed, lambda: room.service.ask(name, cancel))
    assert "without an action" in state.tasks["A"].note
    assert "did you mean 'world'?" in state.tasks["B"].note


def test_a_task_without_action_that_was_begun_before_a_crash_is_not_forgotten(room: Room) -> None:
    name = room.start(task("A", type="automated"))
    kill(room, name, "before_effect")
    state = run_until(
        room,
        name,
        lambda state: state.tasks["A"].stage is TaskStage.FAILED,
        lambda: room.service.ask(name, ev.CancelRun(by="asha", reason="enough")),
    )
    assert (state.tasks["A"].stage, "without an action" in state.tasks["A"].note) == (TaskStage.FAILED, True)


def test_a_person_who_ends_a_task_first_keeps_the_word(room: Room) -> None:
    """The outcome comes late: it is logged and changes nothing."""
    name = room.start(auto("A"), task("B"))

    class Slow:
        async def execute(self, step: Step) -> Outcome:
            room.service.ask(name, ev.FinishTask(by="bo", task="A", evidence="done by hand"))
            return await step.perform()

    async def both() -> RunState:
        work = asyncio.create_task(room.performer(name, Slow()).run())
        await until(lambda: bool(room.ledger.applied), work)
        room.service.ask(name, ev.FinishTask(by="bo", task="B"))
        return await work

    state = asyncio.run(both())
    assert (state.tasks["A"].note, state.tasks["A"].completion) == ("done by hand", Completion.NORMAL)


# --- one runner -----------------------------------------------------------------------------------------


def test_a_second_runner_is_refused_while_the_first_lives_and_takes_over_after(room: Room) -> None:
    name, wall = room.start(auto("A")), FixedClock(START)
    engine = room.desk.journal.engine
    old = leases.acquire(engine, run_stream(name), "elsewhere:1:1", wall.now())
    with pytest.raises(Conflict, match="is being run by elsewhere"):
        run(room, name, wall=wall)
    wall.advance(leases.LEASE + timedelta(seconds=1))
    assert run(room, name, wall=wall).stage is RunStage.COMPLETE
    with pytest.raises(Conflict, match="was taken over"):
        room.service.ask(name, ev.LinkFlow(by="performer", flow_run_id="late"), fence=old)


def test_a_runner_that_lost_its_lease_stops_and_records_nothing(room: Room) -> None:
    name = room.start(auto("A"))

    class Overtaken:
        async def execute(self, step: Step) -> Outcome:
            outcome = await step.perform()
            later = FixedClock(START).now() + timedelta(days=3650)
            leases.acquire(room.desk.journal.engine, run_stream(name), "elsewhere:1:1", later)
            return outcome

    with pytest.raises(Conflict, match="another runner goes on"):
        run(room, name, executor=Overtaken())
    assert kinds(room, name)[-1] == "TaskBegun"


def test_the_lease_is_renewed_while_it_works_and_given_back_at_the_end(room: Room) -> None:
    name, wall = room.start(auto("A"), auto("B", "A")), FixedClock(START)

    class Slow:
        async def execute(self, step: Step) -> Outcome:
            wall.advance(timedelta(seconds=20))
            return await step.perform()

    assert run(room, name, executor=Slow(), wall=wall).stage is RunStage.COMPLETE
    leases.acquire(room.desk.journal.engine, run_stream(name), "elsewhere:1:1", wall.now())


def test_an_executor_that_fails_outside_the_step_stops_the_runner_and_a_restart_goes_on(room: Room) -> None:
    name = room.start(auto("A"))

    class Broken:
        async def execute(self, step: Step) -> Outcome:
            raise OSError("no such layer")

    with pytest.raises(OSError, match="no such layer"):
        run(room, name, executor=Broken())
    assert run(room, name).stage is RunStage.COMPLETE
    assert room.ledger.applied == {KEY: 1}


def test_progress_moves_the_forecast_and_names_the_task(room: Room) -> None:
    class Late:
        async def perform(self, call: Call) -> Outcome:
            await call.progress(START + 9 * HOUR, "the target is slow")
            await room.pace.sleep_until(START + 9 * HOUR)
            return DONE

        settle: Callable[[Call], Awaitable[Outcome | None]]

    room.kinds["late"] = Late()
    name = room.start(auto("A", kind="late", duration="5h"))
    run(room, name)
    moved = [
        f.event for f in room.desk.journal.read(run_stream(name)) if isinstance(f.event, ev.ForecastMoved)
    ]
    assert "A Do A is expected to take 1.8 times its plan" in moved[-1].cause
