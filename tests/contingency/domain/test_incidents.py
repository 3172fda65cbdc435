"""Symptom as told, cause as proved: nothing closes without evidence and a second person, least of all "user error"."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contingency.domain.handover import HANDOVER, HANDOVERS, HandOver, HandoverState
from contingency.domain.incidents import (
    EVENTS,
    INCIDENT,
    INCIDENTS,
    Cause,
    ClaimCause,
    IncidentStage,
    IncidentState,
    ReopenIncident,
    ReportIncident,
    VerifyCause,
)
from contingency.domain.issues import (
    ISSUE,
    ISSUES,
    IssueStage,
    IssueState,
    KnowIssue,
    RenewIssue,
    ResolveIssue,
)
from cutover.core.errors import Refused
from cutover.core.event import Command
from tests.conftest import START

DAY = timedelta(days=1)


def after(*commands: Command) -> IncidentState:
    state = IncidentState()
    for command in commands:
        state, _ = INCIDENT.apply(state, command, START)
    return state


REPORT = ReportIncident(by="station central", symptom="the list of detainees is empty")


def test_the_tables_are_whole() -> None:
    """Every stage is reachable and has a way on, or is an end."""
    for table in (INCIDENTS, HANDOVERS, ISSUES):
        assert set(table.moves.values()) | {table.start} == set(table.stages)
        assert {stage for stage, _ in table.moves} | table.terminal == set(table.stages)
    assert {event for _, event in INCIDENTS.moves} == set(EVENTS)


def test_user_error_is_not_even_claimed_without_evidence() -> None:
    with pytest.raises(Refused, match="'user error' is not claimed without evidence"):
        after(REPORT, ClaimCause(by="bo", cause=Cause.USER_ERROR))
    shown = after(REPORT, ClaimCause(by="bo", cause=Cause.USER_ERROR, evidence="screen recording 12"))
    assert shown.stage is IncidentStage.EXPLAINED


def test_closing_takes_evidence_and_somebody_else() -> None:
    """All reasons at once; what is closed can be opened again with a reason, and forgets its cause."""
    claimed = after(REPORT, ClaimCause(by="bo", cause=Cause.TECHNOLOGY))
    with pytest.raises(Refused) as refused:
        INCIDENT.apply(claimed, VerifyCause(by="bo", evidence=" "), START)
    assert len(refused.value.reasons) == 2
    closed, _ = INCIDENT.apply(claimed, VerifyCause(by="chen", evidence="fixed in build 7, list seen"), START)
    assert (closed.stage, closed.cause, closed.verified_by) == (
        IncidentStage.CLOSED,
        Cause.TECHNOLOGY,
        "chen",
    )
    again, _ = INCIDENT.apply(closed, ReopenIncident(by="bo", reason="empty again"), START)
    assert (again.stage, again.cause, again.verified_by, again.reopened) == (IncidentStage.OPEN, None, "", 1)


def test_a_known_issue_has_an_owner_a_way_round_and_a_day_after_which_it_is_no_excuse() -> None:
    wish = KnowIssue(
        by="bo",
        title="Search needs exact names",
        owner="asha",
        meanwhile="search by number",
        expires_at=START + DAY,
    )
    with pytest.raises(Refused, match="needs its owner"):
        ISSUE.apply(IssueState(), wish.model_copy(update={"owner": ""}), START)
    with pytest.raises(Refused, match="still to come"):
        ISSUE.apply(IssueState(), wish, START + DAY)
    state, _ = ISSUE.apply(IssueState(), wish, START)
    assert (state.expired(START), state.expired(START + DAY)) == (False, True)
    renewed, _ = ISSUE.apply(
        state, RenewIssue(by="asha", expires_at=START + 3 * DAY, why="the fix is in test"), START
    )
    assert not renewed.expired(START + DAY)
    with pytest.raises(Refused, match="evidence"):
        ISSUE.apply(renewed, ResolveIssue(by="asha", evidence=""), START)
    assert (
        ISSUE.apply(renewed, ResolveIssue(by="asha", evidence="build 9"), START)[0].stage
        is IssueStage.RESOLVED
    )


def test_a_record_goes_live_only_signed_and_with_both_clocks_to_the_minute() -> None:
    due = {"detention_review": START, "detention_limit": START + DAY}
    wish = HandOver(by="bo", play="play:x", signed_by="PS Hill", reference="CU-1", paper=due, live=due)
    for wrong, why in (
        ({"live": {"detention_review": START}}, "detention_limit: the paper's clock"),
        ({"live": {**due, "detention_limit": START + DAY + timedelta(hours=1)}}, "in the live system"),
        ({"signed_by": " "}, "signed by the custody officer"),
        ({"reference": ""}, "number in the live system"),
    ):
        with pytest.raises(Refused, match=why):
            HANDOVER.apply(HandoverState(), wish.model_copy(update=wrong), START)
    state, _ = HANDOVER.apply(HandoverState(), wish, START)
    assert (state.done, state.reference) == (True, "CU-1")
    with pytest.raises(Refused):
        HANDOVER.apply(state, wish, START)
