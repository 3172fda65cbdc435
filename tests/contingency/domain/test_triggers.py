"""A breach proposes after fifteen minutes, the named decider enacts, the checklist ends it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.triggers import (
    EVENTS,
    PLAY,
    PLAYS,
    ChecklistLine,
    DeclinePlay,
    DoLine,
    EnactPlay,
    LapsePlay,
    Play,
    PlayStage,
    PlayState,
    ProposePlay,
    RecordSupply,
    StandDown,
    Trigger,
    deciders,
    due,
    next_deadline,
    open_lines,
    play_stream,
)
from cutover.core.errors import Refused
from cutover.core.event import Command, Event
from cutover.core.refusal_words import spoken
from tests.conftest import START

MINUTE = timedelta(minutes=1)
TRIGGER = Trigger.model_validate(
    {
        "id": "custody-down",
        "monitor": "custody-health",
        "for": "15m",
        "play": "on-paper",
        "decider": "chen",
        "alternates": [{"person": "asha", "after": "20m"}],
    }
)
LINES = (
    ChecklistLine(id="clocks", title="Both clocks compared"),
    ChecklistLine(id="sheets", title="Sheets back"),
)
GAME = Play.model_validate(
    {
        "id": "on-paper",
        "title": "Custody on paper",
        "component": "custody",
        "switch_to": "paper",
        "stand_down": LINES,
    }
)
PROPOSED_AT = START + 15 * MINUTE


def proposed() -> PlayState:
    return PLAY.apply(
        PlayState(), ProposePlay(by="watch", trigger=TRIGGER, play=GAME, bad_since=START), PROPOSED_AT
    )[0]


def enacted() -> PlayState:
    return PLAY.apply(proposed(), EnactPlay(by="chen", reason="no sign of recovery"), PROPOSED_AT)[0]


def test_the_table_is_whole() -> None:
    """Every stage is reachable, terminal means terminal, nothing is a dead end."""
    assert PLAYS.faults() == []


@pytest.mark.parametrize("stage", PlayStage)
@pytest.mark.parametrize("event", EVENTS)
def test_every_other_stage_and_event_is_refused(stage: PlayStage, event: type[Event]) -> None:
    """What the table does not list is refused, never ignored."""
    if not PLAYS.allows(stage, event):
        with pytest.raises(Refused, match=f"A play that is {spoken(stage)} cannot"):
            PLAYS.next(stage, event)


@pytest.mark.parametrize(
    ("minutes", "proposes"), [(0, False), (14, False), (14.99, False), (15, True), (60, True)]
)
def test_fourteen_minutes_do_nothing_and_fifteen_propose(minutes: float, *, proposes: bool) -> None:
    """The stated time is a threshold, reached at its last moment."""
    assert due(TRIGGER, START, START + timedelta(minutes=minutes)) is proposes


def test_no_breach_is_never_due() -> None:
    """Without a breach nothing is due, whatever the time."""
    assert not due(TRIGGER, None, START + 1000 * MINUTE)


def test_a_proposal_too_early_is_refused() -> None:
    """The machine checks the time itself: a hasty watch cannot propose."""
    with pytest.raises(Refused, match="has not been CRITICAL for long enough"):
        PLAY.apply(
            PlayState(),
            ProposePlay(by="watch", trigger=TRIGGER, play=GAME, bad_since=START),
            START + 14 * MINUTE,
        )


@pytest.mark.parametrize("person", ["dev", "bo", "asha", ""])
def test_only_the_named_decider_enacts(person: str) -> None:
    """Neither rank nor presence decides: the name in the file does."""
    with pytest.raises(Refused, match="chen"):
        PLAY.apply(proposed(), EnactPlay(by=person, reason="now"), PROPOSED_AT + 19 * MINUTE)


def test_the_alternate_may_after_the_stated_time() -> None:
    """Asha may decide when the proposal has waited twenty minutes, and Chen still may."""
    at = PROPOSED_AT + 20 * MINUTE
    assert deciders(proposed(), at) == ("chen", "asha")
    state, _ = PLAY.apply(proposed(), EnactPlay(by="asha", reason="chen cannot be reached"), at)
    assert (state.stage, state.decided_by) == (PlayStage.ENACTED, "asha")


def test_all_reasons_are_named_at_once() -> None:
    """The wrong person without a reason hears both."""
    with pytest.raises(Refused) as refusal:
        PLAY.apply(proposed(), DeclinePlay(by="dev", reason=" "), PROPOSED_AT)
    assert len(refusal.value.reasons) == 2


def test_a_declined_play_keeps_its_reason_and_is_over() -> None:
    """Nobody enacts what was declined."""
    state, _ = PLAY.apply(proposed(), DeclinePlay(by="chen", reason="a planned restart"), PROPOSED_AT)
    assert (state.stage, state.reason, state.decided_by) == (PlayStage.DECLINED, "a planned restart", "chen")
    with pytest.raises(Refused):
        PLAY.apply(state, EnactPlay(by="chen", reason="after all"), PROPOSED_AT)


def test_standing_down_names_every_open_line() -> None:
    """A component does not go back while a line is open."""
    with pytest.raises(Refused) as refusal:
        PLAY.apply(enacted(), StandDown(by="chen"), PROPOSED_AT)
    assert refusal.value.reasons == ("not done: Both clocks compared", "not done: Sheets back")


def test_lines_are_done_by_name_and_the_decider_stands_down() -> None:
    """Bo does the lines, Chen ends the play; who did what stays on record."""
    state = enacted()
    for line in LINES:
        state, _ = PLAY.apply(state, DoLine(by="bo", line=line.id), PROPOSED_AT)
    assert (state.stage, open_lines(state)) == (PlayStage.STANDING_DOWN, ())
    with pytest.raises(Refused, match="bo is not a decider"):
        PLAY.apply(state, StandDown(by="bo"), PROPOSED_AT)
    done, _ = PLAY.apply(state, StandDown(by="chen"), PROPOSED_AT)
    assert (done.stage, dict(done.lines)) == (PlayStage.STOOD_DOWN, {"clocks": "bo", "sheets": "bo"})


def test_an_unknown_line_is_refused_with_the_known_ones() -> None:
    """A slip of the finger ticks nothing."""
    with pytest.raises(Refused, match="clocks, sheets"):
        PLAY.apply(enacted(), DoLine(by="bo", line="clock"), PROPOSED_AT)


def test_the_next_deadline_is_the_alternates_time() -> None:
    """Only a proposal that waits has a deadline."""
    assert next_deadline(proposed()) == PROPOSED_AT + 20 * MINUTE
    assert next_deadline(enacted()) is None


def test_each_breach_is_a_life_of_its_own() -> None:
    """The same breach has the same stream, the next one another."""
    assert play_stream("a", START) == play_stream("a", START)
    assert play_stream("a", START) != play_stream("a", START + MINUTE)


def test_a_proposal_survives_the_journal() -> None:
    """The declared trigger comes back from JSON as it was, alias and all."""
    _, facts = PLAY.apply(
        PlayState(), ProposePlay(by="watch", trigger=TRIGGER, play=GAME, bad_since=START), PROPOSED_AT
    )
    event = facts[0].event
    assert type(event).from_body(event.model_dump(mode="json"), event.version) == event


COMMANDS: list[Command] = [
    ProposePlay(by="watch", trigger=TRIGGER, play=GAME, bad_since=START),
    *(EnactPlay(by=p, reason="r") for p in ("chen", "asha", "dev")),
    *(DeclinePlay(by=p, reason="r") for p in ("chen", "dev")),
    LapsePlay(by="watch", reason="over"),
    RecordSupply(by="chen", sheets={"central": {"crime": 2}}),
    *(DoLine(by="bo", line=line) for line in ("clocks", "sheets", "other")),
    StandDown(by="chen"),
    StandDown(by="bo"),
]


@given(st.lists(st.tuples(st.sampled_from(COMMANDS), st.integers(0, 30)), max_size=15))
def test_any_history_replays_and_only_deciders_decide(history: list[tuple[Command, int]]) -> None:
    """Whatever is asked in whatever order: facts fold to the state, and no stranger ever decides."""
    state, facts, at = PlayState(), [], datetime(2026, 10, 23, 21, 10, tzinfo=START.tzinfo)
    for command, minutes in history:
        at += minutes * MINUTE
        try:
            state, fresh = PLAY.apply(state, command, at)
        except Refused:
            continue
        facts += fresh
    assert PLAY.fold(facts) == state
    if state.stage in (PlayStage.ENACTED, PlayStage.STANDING_DOWN, PlayStage.STOOD_DOWN):
        assert state.decided_by in ("chen", "asha")
    if state.stage is PlayStage.STOOD_DOWN:
        assert not open_lines(state)
