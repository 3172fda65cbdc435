"""One record into the target, once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.conversion import (
    CONVERSION,
    CONVERSIONS,
    DISPOSITIONS,
    EVENTS,
    BeginConversion,
    Candidate,
    ConversionState,
    DismissMatch,
    LinkRecord,
    MergeRecord,
    Progress,
    RecordOutcome,
    RejectRecord,
    ReportMatch,
)
from cutover.core.errors import Refused
from cutover.core.event import Command
from tests.conftest import START

SEEN = Candidate(reference="R-9", score=0.97, reason="same surname")
BEGIN = BeginConversion(by="tova", key="DA-1")
MATCH = ReportMatch(by="tova", candidates=(SEEN,))


def after(*commands: Command) -> ConversionState:
    state = ConversionState()
    for command in commands:
        state, _ = CONVERSION.apply(state, command, START)
    return state


def test_the_table_is_whole() -> None:
    """Every stage is reachable; what is concluded stays concluded."""
    assert CONVERSIONS.faults() == []


@pytest.mark.parametrize("progress", Progress)
@pytest.mark.parametrize("event", EVENTS)
def test_every_other_stage_and_event_is_refused(progress: Progress, event: type) -> None:
    """What the table does not list is refused."""
    if not CONVERSIONS.allows(progress, event):
        with pytest.raises(Refused):
            CONVERSIONS.next(progress, event)


def test_every_conclusion_is_a_disposition() -> None:
    """The sheet's disposition follows from the conversion's end, one to one."""
    assert set(DISPOSITIONS) == CONVERSIONS.terminal


def test_nothing_is_begun_twice() -> None:
    """A second worker with the same record is refused before it can send."""
    with pytest.raises(Refused, match="begun"):
        CONVERSION.apply(after(BEGIN), BEGIN, START)


def test_an_outcome_learnt_twice_is_recorded_once() -> None:
    """The same reference again changes nothing; another one is refused."""
    done = after(BEGIN, RecordOutcome(by="tova", reference="R-1"))
    assert CONVERSION.apply(done, RecordOutcome(by="uma", reference="R-1", probed=True), START) == (done, [])
    with pytest.raises(Refused):
        CONVERSION.apply(done, RecordOutcome(by="uma", reference="R-2"), START)


def test_a_person_decides_a_match_among_its_candidates() -> None:
    """Merged into a record that was shown, never into any other."""
    assert (
        after(MATCH, MergeRecord(by="chen", reference="R-9", reason="same door")).progress is Progress.MERGED
    )
    assert (
        after(MATCH, LinkRecord(by="chen", reference="R-9", reason="same night")).progress is Progress.LINKED
    )
    with pytest.raises(Refused, match="R-9"):
        CONVERSION.apply(after(MATCH), MergeRecord(by="chen", reference="R-8", reason="same door"), START)


def test_a_dismissed_match_goes_on_with_a_reason() -> None:
    """Another event of the same person is converted after all."""
    with pytest.raises(Refused, match="reason"):
        CONVERSION.apply(after(MATCH), DismissMatch(by="chen", reason=""), START)
    state = after(MATCH, DismissMatch(by="chen", reason="second assault that night"), BEGIN)
    assert state.progress is Progress.BEGUN


WISHES: list[Command] = [
    BEGIN,
    MATCH,
    *(RecordOutcome(by="tova", reference=r) for r in ("R-1", "R-2")),
    RejectRecord(by="tova", reason="no such field"),
    MergeRecord(by="chen", reference="R-9", reason="same door"),
    LinkRecord(by="chen", reference="R-9", reason="same night"),
    DismissMatch(by="chen", reason="another event"),
]


@given(st.lists(st.sampled_from(WISHES), max_size=12))
def test_any_history_has_at_most_one_end(wishes: list[Command]) -> None:
    """Nothing is sent before its key is on record, and a record ends once."""
    state, facts = ConversionState(), []
    for wish in wishes:
        try:
            state, fresh = CONVERSION.apply(state, wish, START)
        except Refused:
            continue
        facts += fresh
    ends = [
        CONVERSIONS.next(Progress.BEGUN, type(f.event))
        for f in facts
        if CONVERSIONS.allows(Progress.BEGUN, type(f.event))
    ]
    assert len(ends) <= 1
    assert not ends or state.key
    assert CONVERSION.fold(facts) == state
