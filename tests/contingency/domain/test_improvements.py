"""Claimed and verified are two people, closing needs evidence, and every station is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.improvements import (
    ACTION,
    ACTION_EVENTS,
    ACTIONS,
    REPORT,
    REPORT_EVENTS,
    REPORTS,
    ActionStage,
    ActionState,
    AnswerReport,
    ClaimAction,
    RaiseAction,
    ReopenAction,
    ReportFromStation,
    ReportStage,
    ReportState,
    StationReported,
    TieToIssue,
    VerifyAction,
)
from cutover.core.errors import Refused
from cutover.core.event import Command, Fact
from cutover.core.refusal_words import spoken
from tests.conftest import START

RAISE = RaiseAction(by="asha", title="Compare the status maps", owner="bo", prevents="604 never selected")
SAY = ReportFromStation(by="station central", station="central", text="Search finds nobody", pulse=2)


def claimed() -> ActionState:
    raised = ACTION.apply(ActionState(), RAISE, START)[0]
    return ACTION.apply(raised, ClaimAction(by="bo", evidence="map v2"), START)[0]


def test_the_tables_are_whole() -> None:
    """Every stage is reachable, terminal means terminal, nothing is a dead end."""
    assert ACTIONS.faults() == []
    assert REPORTS.faults() == []


@pytest.mark.parametrize("stage", ActionStage)
@pytest.mark.parametrize("event", ACTION_EVENTS)
def test_every_other_action_move_is_refused(stage: ActionStage, event: type) -> None:
    """What the table does not list is refused, never ignored."""
    if not ACTIONS.allows(stage, event):
        with pytest.raises(Refused, match=f"n action that is {spoken(stage)} cannot"):
            ACTIONS.next(stage, event)


@pytest.mark.parametrize("stage", ReportStage)
@pytest.mark.parametrize("event", REPORT_EVENTS)
def test_every_other_report_move_is_refused(stage: ReportStage, event: type) -> None:
    """What the table does not list is refused, never ignored."""
    if not REPORTS.allows(stage, event):
        with pytest.raises(Refused, match=f"A station report that is {spoken(stage)} cannot"):
            REPORTS.next(stage, event)


@pytest.mark.parametrize("evidence", ["", "   "])
@pytest.mark.requirement("R21")
def test_closing_without_evidence_is_refused(evidence: str) -> None:
    """A claim shows what was done."""
    raised = ACTION.apply(ActionState(), RAISE, START)[0]
    with pytest.raises(Refused, match="needs the evidence"):
        ACTION.decide(raised, ClaimAction(by="bo", evidence=evidence), START)


def test_whoever_claimed_it_cannot_verify_it() -> None:
    """Claimed and verified are two people, and every reason is named at once."""
    with pytest.raises(Refused) as refused:
        ACTION.decide(claimed(), VerifyAction(by="bo", how=""), START)
    assert refused.value.reasons == (
        "bo claimed it and cannot verify it",
        "verifying says how it was looked at",
    )
    verified = ACTION.apply(claimed(), VerifyAction(by="chen", how="read both maps"), START)[0]
    assert (verified.stage, verified.claimed_by, verified.verified_by) == (ActionStage.VERIFIED, "bo", "chen")


def test_a_verified_action_that_does_not_hold_is_open_again() -> None:
    """Reopening takes a reason and wipes the verification, and needs a new claim."""
    verified = ACTION.apply(claimed(), VerifyAction(by="chen", how="read both maps"), START)[0]
    with pytest.raises(Refused, match="reason"):
        ACTION.decide(verified, ReopenAction(by="asha", reason=""), START)
    again = ACTION.apply(verified, ReopenAction(by="asha", reason="a tenth status"), START)[0]
    assert (again.stage, again.verified_by, again.reason) == (ActionStage.REOPENED, "", "a tenth status")
    with pytest.raises(Refused, match="cannot be verified"):
        ACTION.decide(again, VerifyAction(by="chen", how="looked"), START)


def test_an_action_has_a_title_and_an_owner() -> None:
    """Both are asked for at once."""
    with pytest.raises(Refused) as refused:
        ACTION.decide(ActionState(), RaiseAction(by="asha", title="", owner=" "), START)
    assert len(refused.value.reasons) == 2


def test_a_known_issue_tells_the_station_what_to_do_meanwhile() -> None:
    """It needs the issue and an answer, and can still be answered for good."""
    said = REPORT.apply(ReportState(), SAY, START)[0]
    with pytest.raises(Refused) as refused:
        REPORT.decide(said, TieToIssue(by="gwen", issue="", answer=""), START)
    assert len(refused.value.reasons) == 2
    known = REPORT.apply(said, TieToIssue(by="gwen", issue="KI-7", answer="search by surname"), START)[0]
    assert (known.stage, known.issue, known.answer) == (ReportStage.KNOWN_ISSUE, "KI-7", "search by surname")
    done = REPORT.apply(known, AnswerReport(by="gwen", answer="mended"), START)[0]
    assert (done.stage, done.issue, done.answer, done.answered_by) == (
        ReportStage.ANSWERED,
        "KI-7",
        "mended",
        "gwen",
    )


@pytest.mark.parametrize("text", ["", " "])
def test_neither_a_report_nor_an_answer_is_empty(text: str) -> None:
    """Silence is never an end."""
    with pytest.raises(Refused, match="says something"):
        REPORT.decide(ReportState(), SAY.model_copy(update={"text": text}), START)
    said = REPORT.apply(ReportState(), SAY, START)[0]
    with pytest.raises(Refused, match="says something"):
        REPORT.decide(said, AnswerReport(by="gwen", answer=text), START)


PEOPLE = st.sampled_from(["asha", "bo", "chen"])
WISHES = st.one_of(
    st.just(RAISE),
    st.builds(ClaimAction, by=PEOPLE, evidence=st.sampled_from(["", "map"])),
    st.builds(VerifyAction, by=PEOPLE, how=st.sampled_from(["", "looked"])),
    st.builds(ReopenAction, by=PEOPLE, reason=st.sampled_from(["", "no"])),
)


@given(st.lists(WISHES, max_size=20))
def test_under_any_history_a_verified_action_has_evidence_and_two_people(wishes: list[Command]) -> None:
    """Whatever is asked in whatever order, the identity holds and the facts replay to the same state."""
    state, log = ActionState(), []
    for wish in wishes:
        try:
            state, facts = ACTION.apply(state, wish, START)
        except Refused:
            continue
        log += facts
        if state.stage is ActionStage.VERIFIED:
            assert state.evidence
            assert state.verified_by not in ("", state.claimed_by)
    assert ACTION.fold(log) == state


def test_a_fact_of_another_machine_is_refused() -> None:
    """A stream holds its own facts only."""
    with pytest.raises(Refused):
        ACTION.evolve(
            ActionState(), Fact(StationReported(station="central", text="?", pulse=1), START, "dev")
        )
    with pytest.raises(Refused):
        ACTION.decide(claimed(), SAY, START)
    with pytest.raises(Refused):
        REPORT.decide(ReportState(), RAISE, START)
