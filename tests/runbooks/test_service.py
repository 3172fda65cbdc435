"""The door to runs: starting, finding, gates with live evidence, and who may decide them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.errors import Invalid, NotFound, Refused
from cutover.core.event import Fact
from cutover.domain.gates import Criterion, Finding, GateWaived, RecordEvidence, Verdict, gate_stream
from cutover.store.pen import Batch
from runbooks.domain import run_events as ev
from runbooks.domain.plan import Runbook
from runbooks.domain.run_events import RunSetup, RunType, TaskStage
from runbooks.service import PERFORMER, Reading, check_setup
from tests.conftest import START
from tests.runbooks.conftest import Room
from tests.runbooks.plans import HOUR, auto, book, gate, task


def test_runs_are_numbered_found_and_carry_the_teams(room: Room) -> None:
    assert room.start(task("A")) == "small-1"
    assert room.start(task("A", team="data")) == "small-2"
    assert (
        room.service.start(Runbook(id="small-x", title="Another", tasks=(task("A"),)), by="asha")
        == "small-x-1"
    )
    assert room.service.run_ids("small") == ["small-1", "small-2"]
    assert room.service.find() == "small-x-1"
    assert room.service.state("small-2").members["data"] == ("bo", "chen")
    assert room.service.state("small-2").opens == START


def test_a_run_that_is_not_there_is_named_with_the_nearest(room: Room) -> None:
    with pytest.raises(NotFound, match="there is no run here yet"):
        room.service.find()
    room.start(task("A"))
    with pytest.raises(NotFound, match="did you mean 'small-1'"):
        room.service.find("smal-1")


def test_a_plan_that_cannot_be_run_is_refused_before_anything_is_written(room: Room) -> None:
    with pytest.raises(Invalid, match="small: B: after: unknown task 'X'"):
        room.start(task("A"), task("B", "X"))
    with pytest.raises(Invalid, match="has no tasks"):
        room.service.start(book(), by="asha")
    assert room.desk.journal.head().position == 0


def test_asking_twice_with_one_key_is_asking_once(room: Room) -> None:
    name = room.start(task("A"), task("B"))
    claim = ev.ClaimTask(by="bo", task="A")
    first = room.service.ask(name, claim, key="claim-A")
    assert room.service.ask(name, claim, key="claim-A") == first
    with pytest.raises(Refused):
        room.service.ask(name, claim)


def test_a_gate_is_opened_once_and_asked_anew_in_a_new_round(room: Room) -> None:
    name = room.start(gate("G"))
    room.service.open_gate(name, "G")
    room.service.open_gate(name, "G")
    assert room.service.state(name).tasks["G"].stage is TaskStage.IN_PROGRESS
    room.service.vote(name, "G", by="chen", vote=Verdict.NO_GO)
    say_no = ev.PassGate(by=PERFORMER, task="G", verdict=Verdict.NO_GO, reason="as voted")
    room.service.ask(name, say_no)
    room.service.ask(name, ev.RetryTask(by="asha", task="G", reason="mended"))
    assert room.service.gate(name, "G").verdict is Verdict.UNOPENED
    assert room.service.state(name).tasks["G"].stage is TaskStage.STARTABLE


def test_a_go_needs_evidence_and_lists_every_criterion_that_is_not_met(room: Room) -> None:
    name = room.start(gate("G"))
    room.service.open_gate(name, "G")
    with pytest.raises(Refused, match="All is ready: no evidence"):
        room.service.vote(name, "G", by="chen", vote=Verdict.GO)
    word = RecordEvidence(
        by="chen", criterion="ready", finding=Finding.MET, detail="seen", source="person:chen"
    )
    room.service.give_evidence(name, "G", word)
    assert room.service.vote(name, "G", by="chen", vote=Verdict.GO).verdict is Verdict.GO
    assert room.service.decided_by(name, "G") == ("chen",)


def test_who_opened_a_gate_alone_before_that_took_two_is_still_named(room: Room) -> None:
    name = room.start(gate("G"))
    room.service.open_gate(name, "G")
    stream, alone = gate_stream(name, "G", 1), GateWaived(reason="seen", unmet=())
    seq = room.desk.journal.read(stream)[-1].seq
    room.desk.journal.append(Batch(stream, seq, [Fact(alone, START, "chen")]))
    assert room.service.decided_by(name, "G") == ("chen",)


def test_an_outsider_decides_nothing(room: Room) -> None:
    name = room.start(gate("G"))
    room.service.open_gate(name, "G")
    for act in (
        lambda: room.service.vote(name, "G", by="dev", vote=Verdict.NO_GO),
        lambda: room.service.waive(name, "G", by="dev", reason="because"),
    ):
        with pytest.raises(Refused, match="dev is not a decider"):
            act()


def test_live_sources_are_asked_before_each_vote_and_recorded_when_they_changed(room: Room) -> None:
    says = [
        Reading(Finding.NOT_MET, "604 missing"),
        Reading(Finding.MET, "all 25,000 agree", "/reconciliation/crimes"),
    ]
    asked: list[str] = []

    def crimes(source: str) -> Reading:
        asked.append(source)
        return says[0]

    room.providers["reconcile"] = crimes
    name = room.start(gate("G", source="reconcile:crimes"))
    room.service.open_gate(name, "G")
    for _ in range(2):
        with pytest.raises(Refused, match="604 missing"):
            room.service.vote(name, "G", by="chen", vote=Verdict.GO)
    facts = room.desk.journal.head().position
    says.pop(0)
    assert room.service.vote(name, "G", by="chen", vote=Verdict.GO).verdict is Verdict.GO
    assert asked == ["crimes"] * 3
    assert room.desk.journal.head().position == facts + 3  # new evidence, a vote, a go


def test_evidence_is_taken_again_before_it_would_go_stale(room: Room) -> None:
    room.providers["monitor"] = lambda _name: Reading(Finding.MET, "OK")
    fresh = Criterion(id="ready", title="All is ready", source="monitor:custody", max_age=timedelta(hours=2))
    name = room.start(gate("G", gate={"criteria": (fresh,)}))
    room.service.open_gate(name, "G")
    before = room.desk.journal.head().position
    for hours in (0, 0.5, 1.5):
        room.pace._set(START + hours * HOUR)
        room.service.gather(name, "G")
    assert room.desk.journal.head().position == before + 2


def test_a_source_that_nobody_answers_for_is_an_error_and_not_met(room: Room) -> None:
    name = room.start(gate("G", source="oracle:delphi"))
    room.service.open_gate(name, "G")
    with pytest.raises(Refused, match=r"error \(nobody answers for 'oracle:delphi'\)"):
        room.service.vote(name, "G", by="chen", vote=Verdict.GO)


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (None, "A is startable"),
        (ev.SkipTask(by="asha", task="A", reason="no time"), "A was skipped: no time"),
        (ev.FinishTask(by="bo", task="A", evidence="counted"), ""),
    ],
)
def test_a_task_as_evidence_is_met_only_when_it_was_done(
    room: Room, do: ev.TaskCommand | None, words: str
) -> None:
    name = room.start(task("A"), gate("G", source="task:A"))
    if do:
        room.service.ask(name, do)
    room.service.open_gate(name, "G")
    if words:
        with pytest.raises(Refused, match=words):
            room.service.vote(name, "G", by="chen", vote=Verdict.GO)
    else:
        assert room.service.vote(name, "G", by="chen", vote=Verdict.GO).evidence["ready"].link == "#A"


def test_evidence_from_a_task_that_is_not_in_the_run_is_an_error(room: Room) -> None:
    name = room.start(gate("G", source="task:Z"))
    room.service.open_gate(name, "G")
    with pytest.raises(Refused, match="no task 'Z' in this run"):
        room.service.vote(name, "G", by="chen", vote=Verdict.GO)


def test_only_approvals_are_gates(room: Room) -> None:
    name = room.start(task("A"), gate("G"), task("H", type="approval"))
    with pytest.raises(NotFound, match="no gate named 'A'"):
        room.service.gate(name, "A")
    with pytest.raises(Refused, match="H is an approval without a gate"):
        room.service.open_gate(name, "H")


def test_a_gate_expires_at_its_time_and_not_before(room: Room) -> None:
    name = room.start(gate("G", gate={"decide_within": "2h"}))
    room.service.open_gate(name, "G")
    with pytest.raises(Refused):
        room.service.expire_gate(name, "G")
    room.pace._set(START + 2 * HOUR)
    assert room.service.expire_gate(name, "G").verdict is Verdict.EXPIRED


def test_the_key_of_an_effect_is_that_of_the_run(room: Room) -> None:
    assert room.service.key_of(room.start(auto("A")), "A") == "small-1.A.1"


@pytest.mark.parametrize(
    ("run_type", "setup", "words"),
    [
        (RunType.LIVE, RunSetup(auto=True), "a live run is worked by people"),
        (RunType.LIVE, RunSetup(scenario=True), "a live run is worked by people"),
        (RunType.LIVE, RunSetup(speed=60), "a live run is worked by people"),
        (RunType.REHEARSAL, RunSetup(auto=True, scenario=True), "choose one"),
        (RunType.REHEARSAL, RunSetup(speed=-1), "--speed -1 runs backwards"),
    ],
)
def test_a_way_of_running_that_would_do_harm_is_refused(
    run_type: RunType, setup: RunSetup, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        check_setup(run_type, setup)


def test_sensible_ways_of_running_pass() -> None:
    assert check_setup(RunType.LIVE, RunSetup()) == RunSetup()
    assert check_setup(RunType.REHEARSAL, RunSetup(scenario=True, speed=0)).speed == 0


def test_who_begins_a_run_must_leave_enough_to_decide_its_gates(room: Room) -> None:
    alone = {"deciders": ("asha",)}
    with pytest.raises(Refused, match=r"asha cannot begin this run: .* too few could decide G Do G"):
        room.service.start(book(gate("G", gate=alone)), by="asha")
    stood_in = {"deciders": ("asha",), "deputies": {"asha": "efua"}}
    assert room.service.start(book(gate("G", gate=stood_in)), by="asha")


def test_nobody_is_asked_about_a_gate_that_was_abandoned(room: Room) -> None:
    name = room.start(gate("G"), task("A"))
    room.service.open_gate(name, "G")
    room.service.ask(name, ev.BackOut(by="asha", reason="custody is down"))
    for decide in (
        lambda: room.service.vote(name, "G", by="chen", vote=Verdict.NO_GO),
        lambda: room.service.waive(name, "G", by="chen", reason="hurry"),
    ):
        with pytest.raises(Refused, match="G was abandoned when the run turned back"):
            decide()
