"""Load, decide, append: whoever loses a race decides again on what really happened."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cutover.core.errors import Conflict, Refused
from cutover.core.event import Fact
from cutover.domain.modes import COMPONENT, Mode, WentToPaper
from cutover.store import outbox
from cutover.store.desk import Ask, Desk
from cutover.store.outbox import Message
from tests.cutover.store.desks import ALL, ModeBoard, ask, batch, flip, switch, to_paper

CUSTODY = "component:custody"


def rival(desk: Desk) -> Desk:
    """Another process's desk on the same journal."""
    return Desk(desk.journal, desk.clock)


def racing(desk: Desk, monkeypatch: pytest.MonkeyPatch, interfere) -> None:
    """Let `interfere` happen after the desk has looked and before it is its turn to write."""
    writing, rivals = desk.journal.writing, [interfere]

    def late():
        if rivals:
            rivals.pop()(desk.journal)
        return writing()

    monkeypatch.setattr(desk.journal, "writing", late)


def test_a_granted_command_is_recorded_under_its_actor(any_desk, clock):
    at = clock.now() - timedelta(minutes=10)
    recorded = any_desk.ask(COMPONENT, CUSTODY, switch(Mode.PAPER, by="Bo"), at=at, cause="incident:7")
    assert [(r.event.kind(), r.actor, r.at, r.cause) for r in recorded] == [
        ("WentToPaper", "Bo", at, "incident:7")
    ]
    assert any_desk.state(COMPONENT, CUSTODY).mode is Mode.PAPER
    assert any_desk.load(COMPONENT, CUSTODY)[1] == 1


def test_a_refused_command_leaves_no_trace(any_desk):
    with pytest.raises(Refused):
        any_desk.ask(COMPONENT, CUSTODY, switch(Mode.LIVE))
    assert any_desk.journal.head().position == 0


def test_what_nobody_does_is_not_done(any_desk):
    with pytest.raises(Refused, match="nobody is named"):
        any_desk.ask(COMPONENT, CUSTODY, switch(Mode.PAPER, by=" "))
    assert any_desk.journal.head().position == 0


def test_a_desk_sees_what_another_recorded(any_desk):
    flip(any_desk, "custody", 1)
    flip(rival(any_desk), "custody", 2)
    assert any_desk.load(COMPONENT, CUSTODY)[1] == 3


def test_a_command_is_decided_on_what_others_have_recorded_meanwhile(any_desk, monkeypatch):
    any_desk.state(COMPONENT, CUSTODY)
    racing(any_desk, monkeypatch, lambda journal: journal.append(batch("custody", 0, to_paper(by="Bo"))))
    any_desk.ask(COMPONENT, CUSTODY, switch(Mode.DARK))
    assert [r.event.kind() for r in any_desk.journal.read(CUSTODY)] == ["WentToPaper", "WentDark"]


def test_a_twin_that_was_quicker_is_remembered_as_it_was_recorded(any_desk, clock, monkeypatch):
    """The same ask, made twice and recorded once: both desks know the recorded moment, not their own."""
    asked = ask("custody", Mode.PAPER, "k1")
    earlier = Fact(WentToPaper(reason="because"), clock.now() - timedelta(minutes=3), "Asha")
    racing(any_desk, monkeypatch, lambda journal: journal.append(batch("custody", 0, earlier, key="k1")))
    (recorded,) = any_desk.ask_all([asked])
    assert recorded.at == earlier.at
    assert any_desk.state(COMPONENT, CUSTODY) == COMPONENT.fold(any_desk.journal.read(CUSTODY))


def test_what_is_no_longer_allowed_is_refused(any_desk, monkeypatch):
    racing(any_desk, monkeypatch, lambda journal: journal.append(batch("custody", 0, to_paper(by="Bo"))))
    with pytest.raises(Refused, match="that is paper cannot"):
        any_desk.ask(COMPONENT, CUSTODY, switch(Mode.PAPER))


def test_a_state_from_another_database_is_not_believed(any_desk):
    """Another database was put in place: what was folded from the old one is behind nothing."""
    any_desk._states["component", CUSTODY] = (7, COMPONENT.fold([to_paper()]))
    any_desk.ask(COMPONENT, CUSTODY, switch(Mode.DARK))
    assert [(r.event.kind(), r.seq) for r in any_desk.journal.read(CUSTODY)] == [("WentDark", 1)]


def crowd(desk: Desk, asks) -> list[object]:
    """Everybody asks while somebody else writes, so all of them are written together; what each was told."""

    def one(asked):
        try:
            return desk.ask_all([asked])
        except Exception as error:  # noqa: BLE001  what each was told is compared
            return error

    with desk._turn, ThreadPoolExecutor(len(asks)) as threads:
        told = [threads.submit(one, asked) for asked in asks]
        while len(desk._wishes) < len(asks):
            pass
        desk._turn.release()
        answers = [each.result() for each in told]
        desk._turn.acquire()
    return answers


def test_a_crowd_is_written_in_one_transaction(any_desk, monkeypatch):
    names = ["a", "b", "c", "d", "e"]
    for name in names:
        any_desk.state(COMPONENT, f"component:{name}")
    writing, turns = any_desk.journal.writing, []
    monkeypatch.setattr(any_desk.journal, "writing", lambda: turns.append(1) or writing())
    answers = crowd(any_desk, [ask(name, Mode.PAPER) for name in names])
    assert sorted(r.stream for (r,) in answers) == [f"component:{name}" for name in names]
    assert len(turns) == 1
    assert any_desk.journal.verify().rows == len(names)


def test_of_a_crowd_that_wants_the_same_one_gets_it_and_all_others_are_told_why(any_desk):
    answers = crowd(any_desk, [ask("custody", Mode.PAPER)] * 5)
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 4
    assert all("A component mode that is paper cannot go to paper" in str(each) for each in refused)
    assert any_desk.journal.head().position == 1


def test_one_whose_write_fails_spoils_nothing_for_the_others(make_desk, any_engine):
    class Brittle(ModeBoard):
        def apply(self, connection, recorded):
            super().apply(connection, recorded)
            if recorded.stream == "component:broken":
                raise ZeroDivisionError

    desk = make_desk(ALL, [Brittle()], on=any_engine)
    answers = crowd(desk, [ask(name, Mode.PAPER) for name in ("a", "broken", "b")])
    assert isinstance(answers[1], ZeroDivisionError)
    assert sorted(r.stream for r in desk.journal.all()) == ["component:a", "component:b"]
    assert desk.state(COMPONENT, "component:broken").mode is Mode.LIVE
    assert desk.journal.verify().holds


def test_many_asks_are_recorded_together_or_not_at_all(any_desk):
    with pytest.raises(Refused):
        any_desk.ask_all([ask("custody", Mode.PAPER), ask("records", Mode.LIVE)])
    assert any_desk.journal.head().position == 0
    any_desk.ask_all([ask("custody", Mode.PAPER), ask("records", Mode.PAPER)])
    assert any_desk.journal.head().position == 2


def test_a_later_ask_sees_what_an_earlier_one_decided(any_desk):
    any_desk.ask_all([ask("custody", Mode.PAPER), ask("custody", Mode.LIVE), ask("custody", Mode.DARK)])
    assert any_desk.load(COMPONENT, CUSTODY) == (any_desk.state(COMPONENT, CUSTODY), 3)
    with pytest.raises(Refused):
        any_desk.ask_all([ask("custody", Mode.PAPER), ask("custody", Mode.PAPER)])


def test_asking_twice_with_one_key_is_asking_once(any_desk):
    first = any_desk.ask_all([ask("custody", Mode.PAPER, "k1"), ask("records", Mode.PAPER, "k2")])
    again = rival(any_desk).ask_all([ask("custody", Mode.PAPER, "k1"), ask("records", Mode.PAPER, "k2")])
    assert again == first
    assert any_desk.journal.head().position == 2


def test_a_bulk_that_was_half_known_adds_only_what_is_new(any_desk):
    any_desk.ask_all([ask("custody", Mode.PAPER, "k1")])
    any_desk.ask_all([ask("custody", Mode.PAPER, "k1"), ask("records", Mode.PAPER, "k2")])
    assert [r.stream for r in any_desk.journal.all()] == ["component:custody", "component:records"]


def test_a_key_of_another_stream_is_a_conflict(any_desk):
    any_desk.ask_all([ask("custody", Mode.PAPER, "k1")])
    with pytest.raises(Conflict, match="used before"):
        any_desk.ask_all([ask("records", Mode.PAPER, "k1")])


def test_messages_commit_with_the_facts_that_caused_them(make_desk, any_engine, clock):
    def notices(facts, stream):
        return [Message(f"{stream}:{f.event.kind()}", "file", "partners", stream, "") for f in facts]

    desk = make_desk(ALL, on=any_engine, messages=notices)
    desk.ask_all([ask("custody", Mode.PAPER, "k1")])
    desk.ask_all([ask("custody", Mode.PAPER, "k1")])
    assert [m.id for m in outbox.due(any_engine, clock.now())] == ["component:custody:WentToPaper"]
    assert isinstance(desk.journal.read(CUSTODY)[0].event, WentToPaper)


def test_a_desk_forgets_old_states_and_not_the_truth(desk, monkeypatch):
    monkeypatch.setattr("cutover.store.desk.KEPT", 2)
    for name in "abcd":
        flip(desk, name, 1)
    assert len(desk._states) == 2
    assert desk.state(COMPONENT, "component:a").mode is Mode.PAPER


def test_what_follows_is_asked_of_how_it_stands_then_in_the_same_write(any_desk):
    heard = []
    any_desk.journal.listeners.append(heard.append)

    def back(state):
        assert state.mode is Mode.PAPER
        return [switch(Mode.LIVE)]

    any_desk.ask_all([Ask(COMPONENT, CUSTODY, switch(Mode.PAPER), then=back)])
    assert [[fact.event.kind() for fact in one] for one in heard] == [["WentToPaper", "WentLive"]]


def test_a_refusal_of_what_follows_takes_back_all_of_it(any_desk):
    with pytest.raises(Refused):
        any_desk.ask_all([Ask(COMPONENT, CUSTODY, switch(Mode.PAPER), then=lambda _: [switch(Mode.PAPER)])])
    assert any_desk.journal.head().position == 0
