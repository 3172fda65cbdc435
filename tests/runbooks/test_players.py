"""Everybody played: each task is claimed when it may start and finished after its planned time, whoever crashes."""

from __future__ import annotations

import asyncio

import pytest

from cutover.core.errors import Conflict
from cutover.domain.gates import Finding
from runbooks.domain import run_events as ev
from runbooks.domain.plan import Task
from runbooks.domain.run_events import RunStage
from runbooks.domain.run_state import RunState
from runbooks.players import OwnHands, Players, person_for
from runbooks.service import Reading
from tests.conftest import START
from tests.runbooks.conftest import Room
from tests.runbooks.plans import HOUR, Bench, auto, gate, task


async def rehearse(room: Room, name: str, players: Players) -> RunState:
    playing = asyncio.create_task(players.play())
    state = await asyncio.wait_for(room.performer(name).run(), 20)
    await asyncio.wait_for(playing, 5)
    return state


def play(room: Room, *tasks: Task) -> RunState:
    name = room.start(*tasks)
    return asyncio.run(
        rehearse(room, name, Players(room.service, name, room.pace, OwnHands(room.service, name)))
    )


def test_people_take_their_planned_time(room: Room) -> None:
    state = play(
        room,
        task("A", owner="asha"),
        task("B", "A FS+30m", team="data", duration="2h", verify="counted twice"),
    )
    assert state.stage is RunStage.COMPLETE
    assert (state.tasks["A"].started_at, state.tasks["A"].ended_at) == (START, START + HOUR)
    assert (state.tasks["B"].started_at, state.tasks["B"].ended_at) == (
        START + 1.5 * HOUR,
        START + 3.5 * HOUR,
    )
    assert (state.tasks["A"].by, state.tasks["B"].note) == ("asha", "counted twice")
    assert state.tasks["B"].by in ("bo", "chen")


def test_deciders_say_go_on_evidence_and_no_go_with_what_is_unmet(room: Room) -> None:
    """A repair mends it, and the second round goes."""
    room.providers["reconcile"] = lambda _name: (
        Reading(Finding.MET, "all agree")
        if room.ledger.applied["small-1.fix.1"]
        else Reading(Finding.NOT_MET, "604 missing")
    )
    state = play(room, gate("G", source="reconcile:crimes"), auto("fix", repairs="G"), task("open", "G"))
    assert (state.stage, state.tasks["G"].round) == (RunStage.COMPLETE, 2)
    first = [fact.event for fact in room.desk.journal.read("gate:small-1:G:1")]
    assert "604 missing" in str(first[-1])


def test_what_only_a_person_can_answer_is_answered_by_one_and_said_to_be_played(room: Room) -> None:
    state = play(room, gate("G", source="person"))
    assert state.stage is RunStage.COMPLETE
    kinds = [
        (f.event.kind(), getattr(f.event, "detail", "")) for f in room.desk.journal.read("gate:small-1:G:1")
    ]
    assert ("EvidenceRecorded", "played: in a rehearsal nobody looked") in kinds


def test_a_quorum_of_two_is_two_people(room: Room) -> None:
    room.providers["reconcile"] = lambda _name: Reading(Finding.MET, "all agree")
    play(room, gate("G", source="reconcile:crimes", gate={"quorum": 2}))
    votes = [f.actor for f in room.desk.journal.read("gate:small-1:G:1") if f.event.kind() == "VoteCast"]
    assert votes == ["chen", "asha"]


class Clumsy(OwnHands):
    """Somebody else was quicker, every first time."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.times = 0

    def claim(self, task: str, by: str) -> None:
        self.times += 1
        if self.times == 1:
            raise Conflict("somebody was quicker")
        super().claim(task, by)


def test_a_player_who_is_overtaken_looks_again(room: Room) -> None:
    name = room.start(task("A"))
    hands = Clumsy(room.service, name)
    state = asyncio.run(rehearse(room, name, Players(room.service, name, room.pace, hands)))
    assert (state.stage, hands.times) == (RunStage.COMPLETE, 2)


def test_players_started_in_the_middle_go_on_where_the_journal_stands(room: Room) -> None:
    name = room.start(task("A", duration="2h"), task("B", "A"))
    room.service.ask(name, ev.ClaimTask(by="dev", task="A"))
    room.pace._set(START + HOUR)
    players = Players(room.service, name, room.pace, OwnHands(room.service, name))
    state = asyncio.run(rehearse(room, name, players))
    assert (state.tasks["A"].by, state.tasks["A"].ended_at) == ("dev", START + 2 * HOUR)


@pytest.mark.parametrize(
    ("more", "who"),
    [
        ({"owner": "asha", "team": "data"}, "asha"),
        ({"deputy": "efua"}, "efua"),
        ({}, "player"),
    ],
)
def test_who_plays_a_task(more: dict[str, str], who: str) -> None:
    bench = Bench.of(task("A", **more))
    assert person_for(bench.state, bench.state.plan["A"]) == who
    assert bench.claim("A", who) == ["TaskClaimed"]
