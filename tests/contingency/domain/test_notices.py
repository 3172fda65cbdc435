"""Told is not acknowledged, an answer is both, and two counts that differ are raised until somebody says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.notices import (
    COUNT,
    COUNT_EVENTS,
    COUNTS,
    NOTICE,
    NOTICE_EVENTS,
    NOTICES,
    AcknowledgeNotice,
    AnswerNotice,
    CountStage,
    CountState,
    ExplainDifference,
    NoticeStage,
    NoticeState,
    NotifyPartner,
    RecordCount,
)
from cutover.core.errors import Refused
from cutover.core.event import Command
from cutover.core.refusal_words import spoken
from tests.conftest import START

TELL = NotifyPartner(
    by="rosa", partner="prosecutor", channel="file", address="p", subject="Custody", text="On paper."
)


def told() -> NoticeState:
    return NOTICE.apply(NoticeState(), TELL, START)[0]


def counted(theirs: int, ours: int | None) -> CountState:
    wish = RecordCount(by="rosa", partner="prosecutor", flow="files", theirs=theirs, ours=ours)
    return COUNT.apply(CountState(), wish, START)[0]


def test_the_tables_are_whole() -> None:
    """Every stage is reachable, terminal means terminal, nothing is a dead end."""
    assert NOTICES.faults() == []
    assert COUNTS.faults() == []


@pytest.mark.parametrize("stage", NoticeStage)
@pytest.mark.parametrize("event", NOTICE_EVENTS)
def test_every_other_notice_move_is_refused(stage: NoticeStage, event: type) -> None:
    """What the table does not list is refused, never ignored."""
    if not NOTICES.allows(stage, event):
        with pytest.raises(Refused, match=f" that is {spoken(stage)} cannot "):
            NOTICES.next(stage, event)


@pytest.mark.parametrize("stage", CountStage)
@pytest.mark.parametrize("event", COUNT_EVENTS)
def test_every_other_count_move_is_refused(stage: CountStage, event: type) -> None:
    """What the table does not list is refused, never ignored."""
    if not COUNTS.allows(stage, event):
        with pytest.raises(Refused, match=f" that is {spoken(stage)} cannot "):
            COUNTS.next(stage, event)


@pytest.mark.parametrize("change", [{"subject": " "}, {"text": ""}])
def test_a_notice_says_something(change: dict[str, str]) -> None:
    """An empty subject or text is refused."""
    with pytest.raises(Refused, match="needs a"):
        NOTICE.decide(NoticeState(), TELL.model_copy(update=change), START)


def test_an_answer_acknowledges() -> None:
    """Whoever answers has read it: the moment of the answer is that of the acknowledgement."""
    state, facts = NOTICE.apply(told(), AnswerNotice(by="rosa", answer="understood"), START)
    assert [fact.event.kind() for fact in facts] == ["PartnerAcknowledged", "PartnerAnswered"]
    assert (state.stage, state.acknowledged_at) == (NoticeStage.ANSWERED, START)


def test_a_notice_is_told_and_acknowledged_once() -> None:
    """Telling again and acknowledging again are refused."""
    with pytest.raises(Refused):
        NOTICE.decide(told(), TELL, START)
    have = NOTICE.apply(told(), AcknowledgeNotice(by="rosa"), START)[0]
    with pytest.raises(Refused):
        NOTICE.decide(have, AcknowledgeNotice(by="rosa"), START)


@given(theirs=st.integers(0, 50), ours=st.none() | st.integers(0, 50))
def test_a_difference_is_raised_exactly_when_there_is_one(theirs: int, ours: int | None) -> None:
    """Equal counts agree; unequal ones and one without a counterpart are raised."""
    assert counted(theirs, ours).stage is (CountStage.COUNTED if theirs == ours else CountStage.DIFFERS)


def test_a_difference_ends_by_a_reason_or_by_a_pair_that_agrees() -> None:
    """Nothing else ends it, and an empty reason does not."""
    differs = counted(1, 3)
    with pytest.raises(Refused, match="reason"):
        COUNT.decide(differs, ExplainDifference(by="rosa", reason=" "), START)
    explained = COUNT.apply(differs, ExplainDifference(by="rosa", reason="two by hand"), START)[0]
    assert (explained.stage, explained.reason) == (CountStage.EXPLAINED, "two by hand")
    again = RecordCount(by="rosa", partner="prosecutor", flow="files", theirs=3, ours=3)
    assert COUNT.apply(differs, again, START)[0].stage is CountStage.COUNTED


def test_agreeing_counts_have_nothing_to_explain() -> None:
    """Explaining a difference that nobody raised is refused."""
    with pytest.raises(Refused, match=r"cannot .*explained"):
        COUNT.decide(counted(3, 3), ExplainDifference(by="rosa", reason="why not"), START)


WISHES: list[Command] = [TELL, AcknowledgeNotice(by="rosa"), AnswerNotice(by="rosa", answer="yes")]


@given(st.lists(st.sampled_from(WISHES), max_size=8))
def test_whatever_is_decided_can_be_folded(wishes: list[Command]) -> None:
    """evolve never raises on what decide grants, and replaying the facts gives the same state."""
    state, log = NoticeState(), []
    for wish in wishes:
        try:
            state, facts = NOTICE.apply(state, wish, START)
        except Refused:
            continue
        log += facts
    assert NOTICE.fold(log) == state


def test_an_unknown_command_is_refused() -> None:
    """A command of another machine is refused by name."""
    with pytest.raises(Refused, match="'record count' cannot be asked of"):
        NOTICE.decide(told(), RecordCount(by="rosa", partner="p", flow="f", theirs=1), START)
    with pytest.raises(Refused, match="'acknowledge notice' cannot be asked of"):
        COUNT.decide(counted(1, 1), AcknowledgeNotice(by="rosa"), START)
