"""R1, R2, R3, R17 and R23 of what was asked for, each shown on the real application as its demonstration says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from contingency.domain.triggers import PlayStage
from cutover.core.errors import Refused
from cutover.domain.gates import MeetCondition, Verdict
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.store.as_of import desk_as_of
from monitors.domain.check import Status
from runbooks.board import read_run
from runbooks.board_gates import gate_card
from runbooks.changes import Changes
from runbooks.domain import run_events as ev
from runbooks.domain.colours import WHOLE, Colour, colours
from runbooks.domain.execution import RUN_MACHINE
from runbooks.domain.run_events import TaskStage
from runbooks.service import PERFORMER
from tests.contingency.conftest import world as contingency  # noqa: F401  the fixture
from tests.contingency.world import World as Contingency
from tests.end_to_end.gone_through import WINDOW, GoneThrough, go_through
from tests.runbooks.conftest import PROGRAMME, Room
from tests.runbooks.conftest import room as room  # noqa: PLC0414  the fixture
from tests.runbooks.plans import gate, task

pytestmark = pytest.mark.xdist_group("window")  # it is gone through once
MINUTE = timedelta(minutes=1)
# The poll of a real launch, Nov 2018: who was asked what; three yeses came with a condition.
POLL = (
    ("product", "errors on the preview", ""),
    ("engineering", "changes to merge", ""),
    ("engineering", "fallback to deploy", ""),
    ("analytics", "monitoring of trends", ""),
    ("communications", "planned", ""),
    ("communications", "reactive", ""),
    ("devops", "monitoring and alerts", ""),
    ("devops", "traffic", ""),
    ("hosting", "systems operational", ""),
    ("hosting", "known issues", ""),
    ("hosting", "maintenance", ""),
    ("hosting", "traffic back", ""),
    ("hosting", "traffic on new servers", ""),
    ("network", "load balancers", ""),
    ("network", "maintenance", ""),
    ("identity", "traffic", ""),
    ("identity", "old brand removed", "by 16:00 today"),
    ("call-centre", "representatives", ""),
    ("triage", "routing", ""),
    ("content", "headers and footers", ""),
    ("content", "stories updated", "they will be soon, check back"),
    ("sign-on", "as specified", "blocking issues addressed, fallback ready"),
    ("cloud", "issues in the region", ""),
)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoneThrough]:
    """The plan of the seventy-two hours, gone through once for all of these tests."""
    gone = go_through(tmp_path_factory.mktemp("window") / "programme")
    yield gone
    gone.world.engine.dispose()


@pytest.mark.requirement("R1")
def test_r1_records_get_a_no_go_while_the_control_room_gets_a_go_and_only_the_second_proceeds(
    window: GoneThrough,
) -> None:
    no = window.when("GateSaidNo", "G-REC")
    then = window.at(no)
    assert then.tasks["G-CTRL"].note.startswith("go")
    opened = {name: then.tasks[name].stage for name in ("OPN-C1", "OPN-C2", "OPN-R1", "OPN-R2")}
    assert opened == {
        "OPN-C1": TaskStage.COMPLETE,
        "OPN-C2": TaskStage.COMPLETE,
        "OPN-R1": TaskStage.NOT_STARTABLE,
        "OPN-R2": TaskStage.NOT_STARTABLE,
    }
    desk = desk_as_of(window.world.desk, no)
    modes = {
        name: desk.state(COMPONENT, component_stream(name)).mode
        for name in ("command_and_control", "records")
    }
    assert modes == {"command_and_control": Mode.LIVE, "records": Mode.PAPER}


@pytest.mark.requirement("R1")
def test_r1_each_component_has_a_way_back_of_its_own(window: GoneThrough) -> None:
    """It undoes what has begun of that component and of no other; its last word is its own."""
    then = Changes(window.world.runs.as_of(window.when("GateSaidNo", "G-REC")))
    for name in ("command_and_control", "records", "custody"):
        *undoing, last = then.way_back(window.run_id, (name,))
        assert {task.component for task in undoing} == {name}
        assert last.id == f"confirm-back-{name}"


@pytest.mark.requirement("R2")
def test_r2_a_step_1_8_times_slow_shows_the_overrun_before_half_the_window_is_gone(
    window: GoneThrough,
) -> None:
    opens = window.world.folder.programme.opens
    closes = opens + WINDOW
    overrun = next(f for f in window.facts if isinstance(f.event, ev.ForecastMoved) and f.event.p80 > closes)
    assert isinstance(overrun.event, ev.ForecastMoved)
    assert "LOD-03 Load crimes is expected to take 1.8 times its plan" in overrun.event.cause
    assert overrun.at - opens < WINDOW / 2
    assert overrun.event.chance_to_miss > 0.5
    shade = colours(window.at(overrun.at), overrun.at)[WHOLE]
    assert (shade.computed, shade.reasons) == (
        Colour.RED,
        ("more likely than one in five to pass the window",),
    )


@pytest.mark.requirement("R3")
def test_r3_fourteen_minutes_do_nothing_fifteen_propose_and_only_the_named_decider_enacts(
    contingency: Contingency,  # noqa: F811
) -> None:
    contingency.custody_is(Status.CRITICAL)
    contingency.after(14)
    assert contingency.plays.watch() == []
    contingency.after(1)
    (play,) = contingency.plays.watch()
    assert (play.stage, play.deciders) == (PlayStage.PROPOSED, ("chen",))
    for other in ("asha", "dev"):
        with pytest.raises(Refused):
            contingency.plays.enact(play.play, by=other, reason="somebody must")
    assert contingency.plays.enact(play.play, by="chen", reason="no recovery").stage is PlayStage.ENACTED


@pytest.mark.requirement("R17")
def test_r17_three_of_twenty_three_answers_are_conditional_and_the_gate_shows_twenty_and_three(
    room: Room,
) -> None:
    """A conditional yes is not a yes: the gate stays open until each condition has ended and its voter says so."""
    voters = {f"{who}-{n}": condition for n, (who, _, condition) in enumerate(POLL)}
    asked: dict[str, Any] = {"criteria": (), "deciders": tuple(voters), "quorum": len(voters)}
    run_id = room.start(gate("G", gate=asked), task("after", "G"))
    room.service.open_gate(run_id, "G")
    for who, condition in voters.items():
        read = tuple(room.service.gate(run_id, "G").conditions)
        room.service.vote(run_id, "G", by=who, vote=Verdict.GO, caveat=condition, acknowledged=read)
    card = _card(room, run_id)
    conditional = [line for line in card.votes if line.endswith("on a condition, which is not a yes")]
    assert (len(card.votes) - len(conditional), len(conditional)) == (20, 3)
    assert [caveat.partition(": ")[2] for caveat in card.caveats] == [c for _, _, c in POLL if c]
    assert card.verdict == Verdict.PENDING
    for name in list(room.service.gate(run_id, "G").conditions):
        met = MeetCondition(by="asha", condition=name, how="seen")
        room.service.ask_gate(run_id, "G", met)
    for who in [who for who, condition in voters.items() if condition]:
        assert _card(room, run_id).verdict == Verdict.PENDING
        room.service.vote(run_id, "G", by=who, vote=Verdict.GO)
    assert _card(room, run_id).verdict == Verdict.GO


def _card(room: Room, run_id: str) -> Any:
    run = read_run(room.service.state(run_id), PROGRAMME, room.pace.now())
    return gate_card(run, run.state.plan["G"], room.service.gate(run_id, "G"))


@pytest.mark.requirement("R23")
def test_r23_past_the_point_of_no_return_a_way_back_is_refused_unless_forced_and_signed_by_two(
    window: GoneThrough,
) -> None:
    passed = window.when("PointOfNoReturnPassed")

    def turned(moment: Any, *signed: str) -> list[str]:
        tasks = Changes(window.world.runs.as_of(moment)).way_back(window.run_id)
        wish = ev.BackOut(by="asha", reason="custody is down", signed_by=signed, tasks=tasks)
        return [event.kind() for event in RUN_MACHINE.decide(window.at(moment), wish, moment)]

    assert turned(passed - MINUTE) == ["BackoutBegan"]
    for signed in ((), ("chen",), ("asha", "chen")):
        with pytest.raises(
            Refused, match=r"the point of no return was passed .* needs the names of 2 others"
        ):
            turned(passed, *signed)
    assert turned(passed, "chen", "efua") == ["BackoutBegan"]


@pytest.mark.requirement("R23")
def test_r23_each_component_is_in_one_mode_and_what_one_can_fall_back_to_ages(window: GoneThrough) -> None:
    """Every change of mode is on record; the more has begun, the longer is the way back."""
    switched = {
        name: [fact.event.kind() for fact in window.world.journal.read(component_stream(name))]
        for name in ("command_and_control", "records", "custody")
    }
    assert set(map(tuple, switched.values())) == {("WentToPaper", "WentLive")}
    begun = [f.at for f in window.facts if isinstance(f.event, ev.TaskBegun)]
    lengths = [
        len(Changes(window.world.runs.as_of(at)).way_back(window.run_id)) for at in begun[:: len(begun) // 4]
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_the_seventy_two_hours_end_with_every_gate_decided_and_a_journal_that_holds(
    window: GoneThrough,
) -> None:
    state = window.world.runs.state(window.run_id)
    assert state.stage is ev.RunStage.COMPLETE
    gates = {
        task.id: state.tasks[task.id].note.partition(":")[0] for task in state.runbook.tasks if task.gate
    }
    assert set(gates.values()) == {"go"}
    assert state.tasks["G-REC"].round == 2
    assert {at.by for name, at in state.tasks.items() if state.plan[name].type == "automated"} == {PERFORMER}
    assert window.world.journal.verify().holds
    assert RUN_MACHINE.fold(window.facts) == state
