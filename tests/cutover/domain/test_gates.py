"""Nothing but met, fresh evidence and distinct people opens a gate."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cutover.core.errors import Refused
from cutover.core.event import Fact
from cutover.domain.gates import (
    EVENTS,
    GATE,
    GATES,
    AcknowledgeCondition,
    CastVote,
    Criterion,
    EvidenceRecorded,
    ExpireGate,
    Finding,
    GateState,
    GateWentGo,
    MeetCondition,
    OpenGate,
    RaiseCondition,
    RecordEvidence,
    Verdict,
    WaiveGate,
    WithdrawCondition,
    WithdrawGate,
    gate_stream,
    holds,
    next_deadline,
    unmet,
)
from tests.conftest import START

RECORDS = Criterion(id="records", title="All 25,000 crimes arrived", source="reconcile:crimes")
TRAINED = Criterion(id="trained", title="Worst shift trained", source="readiness", max_age=timedelta(hours=1))
CAST = ("Asha", "Bo", "Chen", "Dev")
HOUR = timedelta(hours=1)


def opened(**changes):
    asked = {
        "by": "Asha",
        "title": "Open records",
        "criteria": (RECORDS,),
        "deciders": ("Bo", "Chen"),
        "quorum": 2,
    }
    return GATE.apply(GATE.start, OpenGate(**{**asked, **changes}), START)[0]


def met(state, criterion="records", at=START, finding=Finding.MET):
    command = RecordEvidence(
        by="monitor", criterion=criterion, finding=finding, detail="604", source="reconcile"
    )
    return GATE.apply(state, command, at)[0]


def vote(state, by, choice=Verdict.GO, caveat="", *, at=START, read=()):
    return GATE.apply(state, CastVote(by=by, vote=choice, caveat=caveat, acknowledged=read), at)[0]


def test_the_table_is_sound():
    assert GATES.faults() == []
    assert {kind for _, kind in GATES.moves} == set(EVENTS)


@pytest.mark.parametrize(("stage", "kind"), [p for p in product(Verdict, EVENTS) if p not in GATES.moves])
def test_every_other_move_is_refused(stage, kind):
    with pytest.raises(Refused):
        GATES.next(stage, kind)


def test_a_gate_goes_when_everything_is_met_and_the_quorum_agrees():
    state = vote(vote(met(opened()), "Bo"), "Chen")
    assert state.verdict is Verdict.GO
    assert state.closed_at == START


def test_one_voice_is_no_quorum_of_two():
    assert vote(met(opened()), "Bo").verdict is Verdict.PENDING


@pytest.mark.parametrize("finding", [f for f in Finding if f is not Finding.MET])
def test_whatever_is_not_met_is_unmet(finding):
    state = met(opened(), finding=finding)
    with pytest.raises(Refused, match="All 25,000 crimes arrived"):
        vote(state, "Bo")


def test_missing_evidence_is_unmet():
    assert unmet(opened(), START) == ("All 25,000 crimes arrived: no evidence",)


def test_stale_evidence_is_unmet():
    state = met(opened(criteria=(TRAINED,)), "trained")
    assert unmet(state, START + HOUR) == ()
    assert "stale" in unmet(state, START + HOUR + timedelta(seconds=1))[0]


def test_a_vote_is_refused_for_all_unmet_criteria_at_once():
    with pytest.raises(Refused) as refused:
        vote(opened(criteria=(RECORDS, TRAINED)), "Bo")
    assert len(refused.value.reasons) == 2


def test_evidence_that_arrives_late_does_not_overrule_what_was_seen_after_it():
    state = met(met(opened(), finding=Finding.NOT_MET, at=START + HOUR), at=START)
    assert state.evidence["records"].finding is Finding.NOT_MET


def test_a_conditional_yes_is_kept_and_is_not_a_yes():
    state = vote(met(opened(quorum=1)), "Bo", caveat="if the night shift is trained")
    assert state.verdict is Verdict.PENDING
    state = vote(state, "Chen", read=("c1",))
    assert state.votes["Bo"] == (Verdict.GO, "if the night shift is trained")
    assert state.verdict is Verdict.GO  # on Chen's word alone: the quorum was one


def test_a_conditional_yes_does_not_fill_the_quorum():
    state = vote(vote(met(opened()), "Bo", caveat="provided"), "Chen", read=("c1",))
    assert state.verdict is Verdict.PENDING


def test_a_go_needs_every_open_condition_read_by_its_voter():
    state = GATE.apply(met(opened()), RaiseCondition(by="Dev", text="no lift at night"), START)[0]
    with pytest.raises(Refused, match="condition c1 of Dev is to be acknowledged first: no lift at night"):
        vote(state, "Bo")
    state = GATE.apply(state, AcknowledgeCondition(by="Bo", condition="c1"), START)[0]
    state = vote(vote(state, "Bo"), "Chen", read=("c1",))
    assert state.verdict is Verdict.GO
    assert [c.acknowledged for c in state.conditions.values()] == [("Dev", "Bo", "Chen")]


def test_what_still_stands_at_a_go_is_named_in_it():
    state = GATE.apply(met(opened(quorum=1)), RaiseCondition(by="Dev", text="no lift"), START)[0]
    facts = GATE.apply(state, CastVote(by="Bo", vote=Verdict.GO, acknowledged=("c1",)), START)[1]
    assert facts[-1].event == GateWentGo(conditions=("no lift",))


def test_a_no_needs_nothing_read():
    state = GATE.apply(met(opened()), RaiseCondition(by="Dev", text="no lift"), START)[0]
    assert vote(state, "Bo", Verdict.NO_GO).verdict is Verdict.NO_GO


def test_a_conditional_yes_is_said_again_once_its_condition_is_met():
    state = vote(met(opened()), "Bo", caveat="provided the shift is trained")
    with pytest.raises(Refused, match="Bo said yes on a condition that still stands"):
        vote(state, "Bo", read=("c1",))
    state = GATE.apply(state, MeetCondition(by="Dev", condition="c1", how="all 12 passed"), START)[0]
    assert (state.conditions["c1"].ended_by, state.conditions["c1"].how) == ("Dev", "all 12 passed")
    assert vote(vote(state, "Bo"), "Chen").verdict is Verdict.GO


def test_only_whoever_raised_a_condition_withdraws_it_and_an_ended_one_does_not_stand():
    state = GATE.apply(met(opened()), RaiseCondition(by="Dev", text="no lift"), START)[0]
    with pytest.raises(Refused, match="condition c1 is Dev's"):
        GATE.apply(state, WithdrawCondition(by="Bo", condition="c1", reason="bah"), START)
    state = GATE.apply(state, WithdrawCondition(by="Dev", condition="c1", reason="mended"), START)[0]
    assert vote(vote(state, "Bo"), "Chen").verdict is Verdict.GO
    for command in (
        AcknowledgeCondition(by="Bo", condition="c1"),
        MeetCondition(by="Bo", condition="c9", how="x"),
    ):
        with pytest.raises(Refused, match="does not stand"):
            GATE.apply(state, command, START)


def test_a_deputy_votes_in_the_decider_s_place_once_for_the_seat():
    state = vote(met(opened(deputies={"Bo": "Dev"})), "Dev")
    with pytest.raises(Refused, match="Dev has voted already for Bo"):
        vote(state, "Bo")
    assert vote(state, "Chen").verdict is Verdict.GO


def test_whoever_began_the_run_does_not_decide_its_gates():
    state = met(opened(deciders=("Bo", "Chen", "Dev"), initiator="Dev"))
    with pytest.raises(Refused, match="Dev began this run"):
        vote(state, "Dev")
    with pytest.raises(Refused, match="a quorum of 2 needs as many deciders other than Asha and Dev"):
        opened(deciders=("Bo", "Dev"), initiator="Dev")


def test_silence_escalates_once_to_more_people_and_then_expires():
    state = met(opened(decide_by=START + HOUR, on_timeout="escalate", escalate_to=("Dev",)))
    state, facts = GATE.apply(state, ExpireGate(by="performer"), START + HOUR)
    assert [f.event.kind() for f in facts] == ["GateEscalated"]
    assert (state.deciders, state.decide_by) == (("Bo", "Chen", "Dev"), START + 2 * HOUR)
    assert vote(vote(state, "Dev", at=START + HOUR), "Chen", at=START + HOUR).verdict is Verdict.GO
    state = GATE.apply(state, ExpireGate(by="performer"), START + 2 * HOUR)[0]
    assert (state.verdict, holds(state)) == (Verdict.EXPIRED, True)


@pytest.mark.parametrize(("silence", "held"), [("hold", True), ("no_go", False), ("escalate", True)])
def test_what_silence_means_was_said_when_the_gate_was_opened(silence, held):
    state = GATE.apply(opened(decide_by=START, on_timeout=silence), ExpireGate(by="performer"), START)[0]
    assert (state.verdict, holds(state)) == (Verdict.EXPIRED, held)


def test_one_no_closes_the_gate_with_its_reason():
    state = vote(opened(), "Bo", Verdict.NO_GO, "604 missing")
    assert (state.verdict, state.reason) == (Verdict.NO_GO, "604 missing")
    assert vote(opened(), "Bo", Verdict.NO_GO).reason == "All 25,000 crimes arrived: no evidence"
    assert vote(met(opened()), "Bo", Verdict.NO_GO).reason == "no reason given"


def test_nobody_votes_twice():
    with pytest.raises(Refused, match="Bo has voted already"):
        vote(vote(met(opened()), "Bo"), "Bo")


def test_who_opened_the_gate_cannot_decide_it():
    state = met(opened(deciders=("Asha", "Bo", "Chen")))
    with pytest.raises(Refused, match="Asha opened the gate"):
        vote(state, "Asha")
    with pytest.raises(Refused, match="Asha opened the gate"):
        GATE.apply(state, WaiveGate(by="Asha", reason="hurry"), START)


def test_an_outsider_cannot_decide():
    with pytest.raises(Refused, match="Dev is not a decider"):
        vote(met(opened()), "Dev")


def test_a_vote_says_go_or_no_go_and_nothing_else():
    with pytest.raises(Refused, match="go or no_go"):
        vote(met(opened()), "Bo", Verdict.WAIVED)


@pytest.mark.parametrize(
    "late",
    [
        CastVote(by="Chen", vote=Verdict.NO_GO),
        WaiveGate(by="Chen", reason="x"),
        WithdrawGate(by="Chen", reason="x"),
    ],
)
def test_the_first_decision_closes_the_gate_and_late_words_are_refused(late):
    state = vote(met(opened(quorum=1)), "Bo")
    with pytest.raises(Refused, match="that is go cannot"):
        GATE.apply(state, late, START)


@pytest.mark.parametrize(
    "late",
    [
        CastVote(by="Bo", vote=Verdict.GO),
        CastVote(by="Bo", vote=Verdict.NO_GO),
        WaiveGate(by="Bo", reason="x"),
    ],
)
def test_after_the_deadline_nothing_is_decided_but_that_it_expired(late):
    state = met(opened(decide_by=START + HOUR, quorum=1))
    with pytest.raises(Refused, match="the time to decide ended at 23 Oct 22:00Z"):
        GATE.apply(state, late, START + HOUR)
    assert next_deadline(state) == START + HOUR
    expired = GATE.apply(state, ExpireGate(by="clock"), START + HOUR)[0]
    assert expired.verdict is Verdict.EXPIRED
    assert next_deadline(expired) is None


def test_a_gate_does_not_expire_before_its_time_or_without_one():
    for state in (opened(decide_by=START + HOUR), opened()):
        with pytest.raises(Refused):
            GATE.apply(state, ExpireGate(by="clock"), START)


def test_a_waiver_is_by_two_by_name_and_keeps_what_was_unmet():
    state, _ = GATE.apply(opened(), WaiveGate(by="Chen", reason="paper plan holds"), START)
    assert state.verdict is Verdict.PENDING
    with pytest.raises(Refused, match="a second person"):
        GATE.apply(state, WaiveGate(by="Chen", reason="it still holds"), START)
    with pytest.raises(Refused, match="Dev is not a decider"):
        GATE.apply(state, WaiveGate(by="Dev", reason="hurry"), START)
    state, facts = GATE.apply(state, WaiveGate(by="Asha", reason="I carry it too"), START)
    assert (state.verdict, state.reason) == (Verdict.WAIVED, "paper plan holds; I carry it too")
    assert facts[-1].event.unmet == ("All 25,000 crimes arrived: no evidence",)


def test_a_withdrawn_gate_says_why():
    state = GATE.apply(opened(), WithdrawGate(by="Asha", reason="backing out"), START)[0]
    assert (state.verdict, state.reason) == (Verdict.WITHDRAWN, "backing out")


def test_a_quorum_that_the_deciders_cannot_fill_is_refused():
    with pytest.raises(Refused, match="a quorum of 2"):
        opened(deciders=("Asha", "Bo"))
    with pytest.raises(ValidationError):
        opened(quorum=0)


def test_a_criterion_listed_twice_is_refused():
    with pytest.raises(Refused, match="'records' is listed twice"):
        opened(criteria=(RECORDS, RECORDS))


def test_evidence_for_an_unknown_criterion_is_refused():
    with pytest.raises(Refused, match="no criterion 'weather'"):
        met(opened(), "weather")


def test_each_round_has_its_own_stream():
    assert gate_stream("r1", "t9", 2) == "gate:r1:t9:2"


COMMANDS = st.one_of(
    st.builds(
        OpenGate,
        by=st.sampled_from(CAST),
        title=st.just("Open"),
        criteria=st.sets(st.sampled_from((RECORDS, TRAINED))).map(tuple),
        deciders=st.sets(st.sampled_from(CAST), min_size=1).map(lambda names: tuple(sorted(names))),
        quorum=st.integers(1, 3),
        decide_by=st.sampled_from((None, START + 2 * HOUR)),
    ),
    st.builds(
        RecordEvidence,
        by=st.just("monitor"),
        criterion=st.sampled_from(("records", "trained", "weather")),
        finding=st.sampled_from((Finding.MET, *Finding)),
        detail=st.just(""),
        source=st.just("test"),
    ),
    st.builds(
        CastVote,
        by=st.sampled_from(CAST),
        vote=st.sampled_from((Verdict.GO, *Verdict)),
        caveat=st.sampled_from(("", "", "if")),
    ),
    st.builds(WaiveGate, by=st.sampled_from(CAST), reason=st.just("hurry")),
    st.builds(WithdrawGate, by=st.sampled_from(CAST), reason=st.just("stop")),
    st.builds(ExpireGate, by=st.just("clock")),
)
HISTORIES = st.lists(st.tuples(COMMANDS, st.integers(0, 40)), max_size=25)


def play(history):
    """Give every command its chance; yields state before, state after and facts of those that were granted."""
    state, at = GATE.start, START
    for command, minutes in history:
        at += timedelta(minutes=minutes)
        try:
            after, facts = GATE.apply(state, command, at)
        except Refused:
            continue
        yield state, after, facts
        state = after


@settings(max_examples=300)
@given(HISTORIES)
def test_a_gate_never_goes_unmet_or_without_a_quorum_of_distinct_others(history):
    for before, after, facts in play(history):
        if any(isinstance(fact.event, GateWentGo) for fact in facts):
            clear = {
                by for by, (choice, caveat) in after.votes.items() if choice is Verdict.GO and not caveat
            }
            assert unmet(before, facts[-1].at) == ()
            assert clear <= set(after.deciders) - {after.opened_by}
            assert len(clear) >= after.quorum
            assert after.decide_by is None or facts[-1].at < after.decide_by


@settings(max_examples=300)
@given(HISTORIES)
def test_replaying_the_facts_gives_the_same_gate(history):
    state, facts = GateState(), []
    for _, state, new in play(history):  # noqa: B007
        facts += new
    assert GATE.fold(facts) == state


@given(HISTORIES, st.sampled_from(EVENTS))
def test_a_closed_gate_takes_no_further_fact(history, kind):
    for _, after, _ in play(history):
        if after.verdict in GATES.terminal:
            with pytest.raises(Refused):
                GATES.next(after.verdict, kind)


def test_evolve_refuses_a_fact_that_the_table_does_not_list():
    late = EvidenceRecorded(criterion="records", finding=Finding.MET, detail="", source="")
    with pytest.raises(Refused):
        GATE.evolve(vote(met(opened(quorum=1)), "Bo"), Fact(late, START, "monitor"))
