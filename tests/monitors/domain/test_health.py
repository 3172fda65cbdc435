"""One bad answer is a suspicion, several in a row are a fact; and nothing unknown is ever well."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.refusal_words import spoken
from monitors.domain import health
from monitors.domain.check import HttpCheck, Reason, Result, Status, critical, ok, unknown, warning
from monitors.domain.health import (
    BELIEVED,
    CHECK,
    HEALTH,
    AcknowledgeAlert,
    HealthState,
    RecordResult,
    Stage,
)

START = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVENTS: tuple[type[Event], ...] = health.EVENTS
OK, BAD, ODD, SLOW = ok(), critical("down"), unknown(Reason.NO_DATA, "no answer"), warning("slow")
RESULTS = {"o": OK, "c": BAD, "u": ODD, "w": SLOW}
logs = st.text(alphabet="ocuw", max_size=40)
attempts = st.integers(min_value=1, max_value=4)


def check(**more: Any) -> HttpCheck:
    fields = {"kind": "http", "id": "custody", "title": "C", "owner": "asha", "system": "custody"}
    return HttpCheck.model_validate(fields | {"interval": "5m", "retry_interval": "2m"} | more)


def record(result: Result, max_attempts: int = 3, recover_after: int = 2) -> RecordResult:
    return RecordResult(by="prober", result=result, max_attempts=max_attempts, recover_after=recover_after)


def run(log: str, max_attempts: int = 3, recover_after: int = 2) -> tuple[HealthState, list[Fact]]:
    """The state after a log such as 'oocc', one result a minute."""
    state, facts = CHECK.start, []
    for minute, letter in enumerate(log):
        state, fresh = CHECK.apply(
            state, record(RESULTS[letter], max_attempts, recover_after), START + minute * MINUTE
        )
        facts += fresh
    return state, facts


def kinds(log: str) -> list[str]:
    return [fact.event.kind() for fact in run(log)[1]]


def acknowledge(until: datetime) -> AcknowledgeAlert:
    return AcknowledgeAlert(by="Asha", until=until, note="supplier called")


def test_the_table_is_sound() -> None:
    assert HEALTH.faults() == []


def test_every_move_the_table_does_not_list_is_refused() -> None:
    for stage, event in itertools.product(Stage, EVENTS):
        if not HEALTH.allows(stage, event):
            with pytest.raises(Refused, match=f"A check that is {spoken(stage)} cannot"):
                HEALTH.next(stage, event)


def test_every_event_is_in_the_table() -> None:
    assert {event for _, event in HEALTH.moves} == set(health.EVENTS)


def test_an_outage_goes_soft_then_hard_and_its_recovery_is_believed_after_two() -> None:
    assert kinds("occcccoo") == [
        "CheckPassed",
        "AttemptFailed",
        "AttemptFailed",
        "AttemptFailed",
        "CheckWentHard",
        "RecoverySeen",
        "RecoverySeen",
        "CheckRecovered",
    ]


def test_a_believed_failure_knows_when_it_began_and_when_it_was_believed() -> None:
    state, _ = run("occcc")
    assert (state.stage, state.hard) == (Stage.HARD, Status.CRITICAL)
    assert (state.failing_since, state.hard_since) == (START + MINUTE, START + 3 * MINUTE)


def test_a_blip_leaves_ok_since_when_it_was() -> None:
    state, _ = run("ooco")
    assert (state.stage, state.hard, state.hard_since, state.count) == (Stage.OK, Status.OK, START, 0)


def test_a_single_unknown_does_not_clear_a_critical() -> None:
    state, facts = run("ccccu")
    assert (state.stage, state.hard, state.seen) == (Stage.SHIFTING, Status.CRITICAL, Status.UNKNOWN)
    held, _ = run("ccccuc")
    assert (held.stage, held.hard_since) == (Stage.HARD, START + 2 * MINUTE)
    assert facts[-1].event.kind() == "AttemptDiffered"


def test_another_way_of_failing_is_believed_after_as_many_attempts_and_the_spell_goes_on() -> None:
    state, _ = run("wwwccc")
    assert (state.hard, state.hard_since, state.failing_since) == (Status.CRITICAL, START + 5 * MINUTE, START)


def test_a_recovery_that_breaks_off_was_none() -> None:
    assert kinds("cccoc")[-2:] == ["RecoverySeen", "HardStateHeld"]
    assert kinds("cccou")[-2:] == ["HardStateHeld", "AttemptDiffered"]


def test_what_confirms_the_settled_status_is_no_fact() -> None:
    assert len(run("o" * 500)[1]) == 1
    assert len(run("c" * 500)[1]) == 4


@given(log=logs, max_attempts=attempts, recover_after=attempts)
def test_hard_is_a_pure_function_of_the_result_log(log: str, max_attempts: int, recover_after: int) -> None:
    """Settled by the rule alone: a run of results that all speak against what is settled."""
    settled: str | None = None
    for end in range(1, len(log) + 1):
        seen = log[:end]
        if settled in (None, "o"):
            failed = "o" not in seen[-max_attempts:] and len(seen) >= max_attempts
            settled = seen[-1] if failed else "o" if seen[-1] == "o" else settled
        elif seen[-recover_after:] == "o" * recover_after:
            settled = "o"
        elif not set(seen[-max_attempts:]) & {"o", settled} and len(seen) >= max_attempts:
            settled = seen[-1]
    state, _ = run(log, max_attempts, recover_after)
    assert state.hard == (RESULTS[settled].status if settled else None)


@given(log=logs, max_attempts=attempts, recover_after=attempts, cut=st.integers(0, 60))
def test_folding_the_facts_again_from_any_point_gives_the_same_state(
    log: str, max_attempts: int, recover_after: int, cut: int
) -> None:
    state, facts = run(log, max_attempts, recover_after)
    assert CHECK.fold(facts[cut:], CHECK.fold(facts[:cut])) == state


@given(log=logs, max_attempts=attempts, recover_after=attempts)
def test_no_log_makes_a_failing_last_result_read_ok(log: str, max_attempts: int, recover_after: int) -> None:
    state, _ = run(log, max_attempts, recover_after)
    at = START + max(len(log) - 1, 0) * MINUTE
    status, reason = health.read(state, check(), at if log else None, at)
    assert (reason is None) == (status is not Status.UNKNOWN)
    if not log or log[-1] != "o":
        assert status is not Status.OK


@given(log=st.text(alphabet="cuw", max_size=20))
def test_without_a_single_success_nothing_is_ever_settled_ok(log: str) -> None:
    assert run(log)[0].hard is not Status.OK


@given(log=logs, late=st.integers(min_value=16, max_value=10_000))
def test_no_result_for_long_enough_is_unknown_stale_whatever_was_settled(log: str, late: int) -> None:
    state, _ = run(log)
    now = START + late * MINUTE
    expected = (Status.UNKNOWN, Reason.STALE) if log else (Status.UNKNOWN, Reason.NO_DATA)
    assert health.read(state, check(), START if log else None, now) == expected


@given(log=logs, early=st.integers(min_value=16, max_value=10_000))
def test_a_result_from_the_future_says_nothing_of_now(log: str, early: int) -> None:
    """A clock that was set back an hour leaves results of an hour ahead: never read as well."""
    state, _ = run("o" + log)
    expected = (Status.UNKNOWN, Reason.STALE)
    assert health.read(state, check(), START + early * MINUTE, START) == expected


def test_a_suspicion_is_shown_as_what_was_seen() -> None:
    state, _ = run("ou")
    assert health.read(state, check(), START, START) == (Status.UNKNOWN, Reason.NO_DATA)


@pytest.mark.parametrize("log", ["", "o", "oc", "cccoo"])
def test_only_a_believed_failure_can_be_acknowledged(log: str) -> None:
    with pytest.raises(Refused, match="nothing to acknowledge"):
        CHECK.decide(run(log)[0], acknowledge(START + timedelta(days=1)), START)


@pytest.mark.parametrize("until", [START - MINUTE, START, START + timedelta(days=8)])
def test_an_acknowledgement_ends_in_the_future_and_within_a_week(until: datetime) -> None:
    with pytest.raises(Refused, match="an acknowledgement"):
        CHECK.decide(run("ccc")[0], acknowledge(until), START)


@given(hours=st.integers(1, 160), looked=st.integers(0, 300))
def test_an_acknowledgement_holds_until_its_end_whenever_one_looks(hours: int, looked: int) -> None:
    until, now = START + timedelta(hours=hours), START + timedelta(hours=looked)
    state, _ = CHECK.apply(run("ccc")[0], acknowledge(until), START)
    assert (health.acknowledged(state, now) is not None) == (now < until)


def test_an_acknowledgement_ends_with_the_failure_and_with_its_getting_worse() -> None:
    taken, _ = CHECK.apply(run("www")[0], acknowledge(START + timedelta(days=1)), START)
    assert taken.acknowledgement is not None
    for results in ([OK, OK], [BAD, BAD, BAD]):
        state = taken
        for result in results:
            state, _ = CHECK.apply(state, record(result), START + MINUTE)
        assert state.acknowledgement is None


def test_only_a_parent_believed_critical_suppresses_one_hop() -> None:
    child = check(parents=("network", "power"))
    states = {"network": run("ccc")[0], "power": run("www")[0]}
    assert health.suppressed_by(child, states) == ("network",)
    assert health.suppressed_by(child, {"network": run("uuu")[0]}) == ()
    assert health.suppressed_by(child, {"grandparent": run("ccc")[0]}) == ()


@given(log=logs, parent=logs)
def test_suppression_never_touches_the_evaluation(log: str, parent: str) -> None:
    child = check(parents=("network",))
    state, facts = run(log)
    before = replace(state)
    health.suppressed_by(child, {"network": run(parent)[0], "custody": state})
    assert (state, run(log)[1]) == (before, facts)


def test_an_unsure_check_asks_again_sooner() -> None:
    spoken = {
        log: health.next_due(run(log)[0], check(), START, START) - START
        for log in ("o", "oc", "ccc", "ccco", "cccu")
    }
    soon, usual = timedelta(minutes=2), timedelta(minutes=5)
    assert spoken == {"o": usual, "oc": soon, "ccc": usual, "ccco": soon, "cccu": soon}
    assert health.next_due(HealthState(), check(), None, START) == START


@given(log=logs)
def test_what_is_believed_to_fail_always_says_since_when(log: str) -> None:
    state, _ = run(log)
    if state.stage in BELIEVED:
        assert state.failing_since is not None
        assert state.hard_since is not None
        assert state.failing_since <= state.hard_since


def test_a_command_it_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="not known"):
        CHECK.decide(CHECK.start, Command(by="Dev"), START)


def after(state: HealthState, at: datetime, results: str) -> HealthState:
    for n, letter in enumerate(results):
        state, _ = CHECK.apply(state, record(RESULTS[letter]), at + n * MINUTE)
    return state


def test_a_child_whose_parent_has_recovered_waits_until_it_was_asked_again() -> None:
    """It went down with its parent: that it is not up again is known only when it was seen failing since."""
    child, (down, _) = check(parents=("network",)), run("ccc")
    parent = after(down, START + 10 * MINUTE, "oo")  # recovered at minute 11
    states = {"custody": down, "network": parent}
    late = START + 12 * MINUTE

    def waits(minute: int, status: Status, now: datetime = late) -> tuple[str, ...]:
        return health.awaits(child, states, (START + minute * MINUTE, status), now)

    assert waits(9, Status.CRITICAL) == ("network",)  # not asked since
    assert waits(12, Status.OK) == ("network",)  # its own recovery is under way
    assert waits(12, Status.CRITICAL) == ()  # it is down by itself
    assert waits(9, Status.CRITICAL, late + child.fresh_for) == ()  # nobody asks it: that is told
    assert health.awaits(child, {"custody": down, "network": down}, None, late) == ()
    fresh = states | {"custody": after(HealthState(), START + 20 * MINUTE, "ccc")}
    assert health.awaits(child, fresh, (START + 9 * MINUTE, Status.CRITICAL), late) == ()
