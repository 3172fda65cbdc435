"""The way back: armed and begun before the point of no return, forced and signed after it, whole or by component."""

from __future__ import annotations

import pytest

from cutover.core.errors import Refused
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE, Do, next_actions
from runbooks.domain.run_events import Completion, RunStage, TaskStage
from runbooks.domain.turning_back import ArmBackout, DisarmBackout, SignBackout, TakeSignatureBack
from tests.runbooks.plans import Bench, auto, gate, task

BACK = (auto("undo-A"), task("undo-B", "undo-A"))


def back(bench: Bench, *signed_by: str, tasks=BACK, components=()) -> list[str]:
    return bench.ask(
        ev.BackOut(
            by="asha", reason="custody is down", signed_by=signed_by, tasks=tasks, components=components
        )
    )


def test_what_is_to_come_is_abandoned_and_the_way_back_is_performed_to_its_end() -> None:
    bench = Bench.of(auto("A"), task("B"), task("C", "A"), gate("G"))
    bench.begin("A")
    assert back(bench) == ["BackoutBegan"]
    assert {bench.at(name).completion for name in "ABCG"} == {Completion.ABANDONED}
    assert [(due.do, due.task.id) for due in next_actions(bench.state, bench.now)] == [(Do.PERFORM, "undo-A")]
    bench.begin("undo-A")
    bench.outcome("undo-A")
    bench.claim("undo-B", "dev")
    assert bench.finish("undo-B", "dev") == ["TaskDone", "RunBackedOut"]
    assert bench.state.stage is RunStage.BACKED_OUT
    assert RUN_MACHINE.fold(bench.facts) == bench.state


def test_an_outcome_that_comes_after_its_task_was_abandoned_is_refused() -> None:
    bench = Bench.of(auto("A"), task("B"))
    bench.begin("A")
    back(bench)
    with pytest.raises(Refused, match="A task that is complete cannot be done"):
        bench.outcome("A")


def test_nobody_confirms_while_the_way_back_is_under_way() -> None:
    bench = Bench.of(task("A"))
    bench.claim("A")
    back(bench)
    with pytest.raises(Refused, match="of the way back these are not over: undo-A, undo-B"):
        bench.ask(ev.ConfirmBackedOut(by="asha"))


def test_it_is_armed_and_disarmed_by_name_before_the_point_of_no_return() -> None:
    bench = Bench.of(task("P", point_of_no_return=True), task("B"))
    with pytest.raises(Refused, match="no backout is armed"):
        bench.ask(DisarmBackout(by="asha", reason="x"))
    assert bench.ask(ArmBackout(by="asha", reason="custody is slow")) == ["BackoutArmed"]
    assert bench.state.armed is not None
    assert (bench.state.armed.by, bench.state.armed.reason) == ("asha", "custody is slow")
    bench.ask(DisarmBackout(by="asha", reason="it is back"))
    assert bench.state.armed is None
    bench.finish("P")
    with pytest.raises(Refused, match="nothing is armed past the point of no return"):
        bench.ask(ArmBackout(by="asha", reason="late"))


def test_past_the_point_of_no_return_two_others_sign() -> None:
    bench = Bench.of(task("P", point_of_no_return=True), task("B"))
    bench.finish("P")
    for signed_by in ((), ("chen",), ("asha", "chen"), ("chen", "chen")):
        with pytest.raises(Refused, match="needs the names of 2 others"):
            back(bench, *signed_by)
    assert back(bench, "chen", "efua") == ["BackoutBegan"]


def records_and_control(**more: object) -> Bench:
    return Bench.of(
        task("R1", component="records"),
        task("R2", "R1", component="records", **more),
        task("C1", component="control"),
        task("C2", "C1", component="control"),
        task("X", "R2", "C2"),
    )


def test_one_component_goes_back_while_the_other_goes_on() -> None:
    bench = records_and_control()
    bench.claim("R1")
    undo = (task("undo-R1", component="records"),)
    assert back(bench, tasks=undo, components=("records",)) == ["ComponentBackoutBegan"]
    assert (bench.state.stage, bench.at("R1").completion, bench.at("R2").completion) == (
        RunStage.ACTIVE,
        Completion.ABANDONED,
        Completion.ABANDONED,
    )
    bench.finish("C1")
    bench.finish("C2")
    assert bench.stage("X") is TaskStage.NOT_STARTABLE, "it waited for what was abandoned: a person decides"
    bench.skip("X")
    assert bench.finish("undo-R1")[-1] == "RunCompleted"
    assert RUN_MACHINE.fold(bench.facts) == bench.state


def test_each_component_has_a_point_of_no_return_of_its_own() -> None:
    bench = records_and_control(point_of_no_return=True)
    bench.finish("R1")
    bench.finish("R2")
    assert back(bench, tasks=(), components=("control",)) == ["ComponentBackoutBegan"]
    with pytest.raises(Refused, match="needs the names of 2 others"):
        back(bench, tasks=(), components=("records",))
    with pytest.raises(Refused, match="needs the names of 2 others"):
        back(bench, tasks=())


def test_a_component_that_no_task_is_about_and_a_second_way_back_are_refused() -> None:
    bench = records_and_control()
    with pytest.raises(Refused, match=r"no task of this run is about custdy; there are: control, records"):
        back(bench, components=("custdy",))
    undo = (task("undo-R1"),)
    back(bench, tasks=undo, components=("records",))
    with pytest.raises(Refused, match="begun before, or its ids are the plan's own: undo-R1"):
        back(bench, tasks=undo, components=("records",))


def test_two_others_sign_each_for_themselves_and_for_what_is_turned_back() -> None:
    bench = Bench.of(task("P", point_of_no_return=True), task("B"))
    with pytest.raises(Refused, match="the way back is open and needs no signature"):
        bench.ask(SignBackout(by="chen", reason="early"))
    bench.finish("P")
    for who in ("chen", "asha", "efua"):
        bench.ask(SignBackout(by=who, reason="custody is down"))
    with pytest.raises(Refused, match="chen has signed already"):
        bench.ask(SignBackout(by="chen", reason="again"))
    bench.ask(TakeSignatureBack(by="efua"))
    with pytest.raises(Refused, match="efua has not signed for that"):
        bench.ask(TakeSignatureBack(by="efua"))
    with pytest.raises(Refused, match="needs the names of 2 others"):
        back(bench)  # of two signatures one is her own
    bench.ask(SignBackout(by="efua", reason="after all"))
    assert back(bench) == ["BackoutBegan"]
    begun = bench.facts[-1].event
    assert isinstance(begun, ev.BackoutBegan)
    assert begun.signed_by == ("chen", "asha", "efua")
    assert bench.state.signatures == ()
    assert RUN_MACHINE.fold(bench.facts) == bench.state


def test_a_signature_for_one_component_is_none_for_the_run() -> None:
    bench = records_and_control(point_of_no_return=True)
    bench.finish("R1")
    bench.finish("R2")
    for who in ("chen", "efua"):
        bench.ask(SignBackout(by=who, reason="down", components=("records",)))
    with pytest.raises(Refused, match="needs the names of 2 others"):
        back(bench, tasks=())
    assert back(bench, tasks=(), components=("records",)) == ["ComponentBackoutBegan"]
