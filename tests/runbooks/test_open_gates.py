"""Gates that a run opens, has decided and passes; one that nobody is left to decide is told once."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from cutover.core.errors import Refused
from cutover.domain.gates import Finding, RecordEvidence, Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.edits import ApproveEdit, ProposeEdit
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.notes import Announce
from runbooks.domain.run_events import RunStage, TaskStage
from runbooks.domain.run_state import RunState
from tests.conftest import START
from tests.runbooks.conftest import Room
from tests.runbooks.performed import run_until, until
from tests.runbooks.plans import HOUR, auto, gate, start_command, task


def evidence(room: Room, name: str) -> None:
    word = RecordEvidence(
        by="chen", criterion="ready", finding=Finding.MET, detail="seen", source="person:chen"
    )
    room.service.give_evidence(name, "G", word)


def gate_is_open(state: RunState) -> bool:
    return state.tasks["G"].stage is TaskStage.IN_PROGRESS


def test_a_gate_is_opened_decided_and_passed_in_the_deciders_names(room: Room) -> None:
    name = room.start(gate("G", point_of_no_return=True))

    def decide() -> None:
        evidence(room, name)
        room.service.vote(name, "G", by="chen", vote=Verdict.GO)

    state = run_until(room, name, gate_is_open, decide)
    assert (state.stage, state.no_return_by) == (RunStage.COMPLETE, "chen")


def test_a_waiver_is_passed_in_the_name_of_who_waived(room: Room) -> None:
    name = room.start(gate("G", point_of_no_return=True))

    def waive() -> None:
        for who in ("chen", "asha"):
            room.service.waive(name, "G", by=who, reason="I carry it")

    state = run_until(room, name, gate_is_open, waive)
    assert state.no_return_by == "chen, asha"
    assert state.tasks["G"].note == "waived: I carry it"


def test_the_performer_that_opened_a_gate_does_not_sign_to_waive_it(room: Room) -> None:
    name = room.start(gate("G", point_of_no_return=True))

    def waive() -> None:
        room.service.waive(name, "G", by="chen", reason="I carry it")
        with pytest.raises(Refused, match="is a program"):
            room.service.waive(name, "G", by="performer", reason="so do I")
        assert room.service.gate(name, "G").verdict is Verdict.PENDING
        room.service.waive(name, "G", by="asha", reason="I carry it")

    assert run_until(room, name, gate_is_open, waive).no_return_by == "chen, asha"


def test_no_then_repair_then_asked_again(room: Room) -> None:
    name = room.start(gate("G"), auto("fix", repairs="G"))
    room_says = iter((Verdict.NO_GO, Verdict.GO))

    def is_asked(round_: int) -> bool:
        state = room.service.state(name)
        return gate_is_open(state) and state.tasks["G"].round == round_

    async def everybody() -> RunState:
        work = asyncio.create_task(room.performer(name).run())
        for round_, verdict in enumerate(room_says, start=1):
            await until(lambda asked=round_: is_asked(asked), work)
            evidence(room, name)
            room.service.vote(name, "G", by="chen", vote=verdict)
        return await asyncio.wait_for(work, 10)

    state = asyncio.run(everybody())
    assert (state.stage, state.tasks["G"].round) == (RunStage.COMPLETE, 2)
    assert room.ledger.applied == {"small-1.fix.1": 1}


def test_a_gate_whose_time_runs_out_says_no(room: Room) -> None:
    name = room.start(gate("G", gate={"decide_within": "2h"}), task("next", "G"))
    state = run_until(
        room,
        name,
        lambda state: state.tasks["G"].stage is TaskStage.FAILED,
        lambda: room.service.ask(name, ev.CancelRun(by="asha", reason="nobody decided")),
    )
    assert room.pace.now() >= START + 2 * HOUR
    assert state.tasks["next"].stage is TaskStage.NOT_STARTABLE
    assert room.service.gate(name, "G").verdict is Verdict.EXPIRED


def test_a_gate_that_nobody_may_decide_is_told_once_and_waits_for_an_edit(room: Room) -> None:
    """A run of a time when whoever began it could decide: it goes on as soon as somebody else is named."""
    old = start_command(gate("G", source="person", gate={"deciders": ("asha",), "criteria": ()}), by="asha")
    room.desk.ask(RUN_MACHINE, run_stream("small-1"), old)

    async def story() -> RunState:
        work = asyncio.create_task(room.performer("small-1").run())
        for _ in range(20):
            room.service.ask("small-1", Announce(by="bo", text="still waiting"))  # wakes the performer
            await asyncio.sleep(0.005)
        changes = {"G": {"gate.deciders": ["chen"]}}
        room.service.ask("small-1", ProposeEdit(by="bo", reason="asha began it", changes=changes))
        room.service.ask("small-1", ApproveEdit(by="asha", number=1))
        await until(lambda: room.service.gate("small-1", "G").verdict is Verdict.PENDING, work)
        room.service.vote("small-1", "G", by="chen", vote=Verdict.GO)
        return await asyncio.wait_for(work, 10)

    with structlog.testing.capture_logs() as logged:
        assert asyncio.run(story()).stage is RunStage.COMPLETE
    assert [line["event"] for line in logged].count("gate_cannot_be_asked") == 1
    assert "action_overtaken" not in {line["event"] for line in logged}
