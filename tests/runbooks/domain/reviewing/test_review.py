"""A review of a run from its facts: times that add up, the chain that really drove it, what went otherwise."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given

from cutover.core.event import Fact
from cutover.domain import gates
from cutover.domain.gates import GATE, Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.edits import ApproveEdit, ProposeEdit
from runbooks.domain.plan import Task
from runbooks.domain.reviewing.review import Record, Review, review
from runbooks.domain.reviewing.stretches import Spent
from runbooks.domain.turning_back import ArmBackout
from tests.conftest import START
from tests.runbooks.domain.reviewing.stepping import histories, plans, undisturbed
from tests.runbooks.plans import HOUR, Bench, auto, gate, start_command, task

MINUTE = timedelta(minutes=1)


def reviewed(bench: Bench, **more: object) -> Review:
    return review(Record(bench.facts, {}, **more), bench.now)  # type: ignore[arg-type]


# --- properties ---


@given(bench=histories())
def test_the_stretches_of_a_task_add_up_to_its_span_without_a_gap(bench: Bench) -> None:
    for one in reviewed(bench).tasks:
        course = one.course
        assert sum((course.total(kind) for kind in Spent), timedelta(0)) == course.span
        assert all(a.ends == b.begins for a, b in zip(course.stretches, course.stretches[1:], strict=False))
        if course.ended and course.ready:
            assert course.span == course.ended - course.ready


@given(bench=histories())
def test_nothing_is_work_while_the_run_is_paused(bench: Bench) -> None:
    seen = reviewed(bench)
    for stretch in (s for one in seen.tasks for s in one.course.stretches):
        inside = any(max(stretch.begins, a) < min(stretch.ends, b) for a, b in seen.pauses)
        assert inside == (stretch.spent is Spent.PAUSED)


@given(bench=histories())
def test_the_driving_chain_accounts_for_all_the_time_from_its_beginning_to_its_end(bench: Bench) -> None:
    chain = reviewed(bench).chain
    if not chain.links:
        return
    assert chain.lasts == chain.links[-1].ends - chain.links[0].begins
    assert sum(chain.spent.values(), chain.lag) == chain.lasts
    for before, link in zip(chain.links, chain.links[1:], strict=False):
        assert link.release.by == before.task


@given(tasks=plans())
def test_the_review_of_an_undisturbed_run_is_its_plan(tasks: list[Task]) -> None:
    seen = reviewed(undisturbed(tasks))
    zero = timedelta(0)
    for one in seen.tasks:
        assert (one.started, one.ended) == one.planned, one
        assert (one.late_start, one.late_end, one.longer or zero) == (zero, zero, zero)
        assert one.course.total(Spent.WAITING) == zero
    assert seen.ended == seen.planned_finish
    assert seen.chain.lasts == seen.planned_finish - START
    assert seen.incidents == ()
    assert seen.suggestions == ()


# --- where time goes ---


def test_waiting_working_and_a_pause_are_told_apart() -> None:
    bench = Bench.of(task("A", team="data"), task("B", "A"))
    bench.after(20 * MINUTE)
    bench.claim("A")
    bench.after(30 * MINUTE)
    bench.ask(ev.PauseRun(by="asha", message="fire alarm"))
    bench.after(15 * MINUTE)
    bench.ask(ev.UnpauseRun(by="asha"))
    bench.after(40 * MINUTE)
    bench.finish("A")
    one = reviewed(bench).by_id()["A"]
    totals = {kind: one.course.total(kind) // MINUTE for kind in Spent if one.course.total(kind)}
    assert totals == {Spent.WAITING: 20, Spent.WORKING: 70, Spent.PAUSED: 15}
    assert (one.waited_for, one.worked, one.longer) == ("data", 70 * MINUTE, 10 * MINUTE)
    assert one.longer_share == 1 / 6
    assert (one.late_start, one.late_end) == (20 * MINUTE, 45 * MINUTE)


def test_time_between_a_failure_and_the_next_try_is_nobodys_work() -> None:
    bench = Bench.of(auto("A"))
    bench.begin("A")
    bench.after(HOUR)
    bench.outcome("A", ok=False)
    bench.after(2 * HOUR)
    bench.retry("A")
    bench.after(5 * MINUTE)
    bench.begin("A")
    bench.after(HOUR)
    bench.outcome("A")
    one = reviewed(bench).by_id()["A"]
    assert [s.spent for s in one.course.stretches] == ["working", "stuck", "waiting", "working"]
    assert one.worked == 2 * HOUR
    assert one.course.total(Spent.STUCK) == 2 * HOUR
    assert one.started == START


def test_a_gate_waits_for_its_deciders_and_its_repair_is_stuck_time_of_the_gate() -> None:
    bench = Bench.of(gate("G"), auto("FIX", repairs="G"))
    bench.begin("G")
    bench.after(HOUR)
    bench.say("G", Verdict.NO_GO, "chen")
    bench.begin("FIX")
    bench.after(2 * HOUR)
    bench.outcome("FIX")
    bench.begin("G")
    bench.after(30 * MINUTE)
    bench.say("G", Verdict.GO, "chen")
    seen = reviewed(bench)
    at = seen.by_id()["G"].course
    assert (at.total(Spent.DECIDING), at.total(Spent.STUCK)) == (90 * MINUTE, 2 * HOUR)
    repair = seen.by_id()["FIX"]
    assert repair.release is not None
    assert repair.release.how == "G said no"
    assert repair.planned is None
    assert [i.kind for i in seen.incidents] == ["no", "asked again"]


def test_a_task_left_out_before_its_time_has_no_span() -> None:
    bench = Bench.of(task("A", start_offset="5h"), task("B"))
    bench.after(HOUR)
    bench.skip("A")
    one = reviewed(bench).by_id()["A"]
    assert (one.course.span, one.started) == (timedelta(0), None)


# --- what drove it ---


def test_the_chain_names_who_really_released_whom_and_the_lag_between() -> None:
    bench = Bench.of(task("A"), task("B", duration="3h"), task("C", "A", "B FS+30m"), task("D", "C SS"))
    for name in ("A", "B"):
        bench.claim(name)
    bench.after(90 * MINUTE)
    bench.finish("B")
    bench.after(2 * HOUR)
    bench.finish("A")  # planned to be early, and last
    bench.after(10 * MINUTE)
    bench.claim("C")
    bench.after(5 * MINUTE)
    bench.claim("D")
    bench.finish("C")
    bench.after(4 * HOUR)
    bench.finish("D")
    seen = reviewed(bench)
    assert [(link.task, link.release.how) for link in seen.chain.links] == [
        ("A", "the window opened"),
        ("C", "A ended"),
        ("D", "C began"),
    ]
    assert seen.planned_path[0] == "B"
    assert seen.chain.spent == {Spent.WORKING: 7 * HOUR + 30 * MINUTE, Spent.WAITING: 15 * MINUTE}


def test_a_run_that_begins_late_says_so() -> None:
    bench = Bench(now=START + 2 * HOUR)
    bench.ask(start_command(task("A")))
    bench.finish("A")
    one = reviewed(bench).by_id()["A"]
    assert one.release is not None
    assert one.release.how == "the run began"
    assert one.course.total(Spent.WAITING) == timedelta(0)


# --- what is said first ---


def test_what_cannot_be_known_is_said_first() -> None:
    bench = Bench.of(task("A", duration=None), task("B"), task("C"), run_type=ev.RunType.LIVE)
    bench.after(HOUR)
    bench.finish("A")
    bench.finish("B", evidence="")
    said = reviewed(bench).caveats
    assert said[0].startswith("The run is active: this is how far it had come at 23 Oct 22:00Z")
    assert "A had no planned length: there is nothing to set it against." in said
    assert (
        "B was said to be done without having been claimed: the work is hidden in its waiting time." in said
    )
    assert "B was done on somebody's word, without evidence." in said
    assert said[-1].startswith("No forecast was recorded")


def test_a_walk_through_proves_nothing_and_suggests_nothing() -> None:
    bench = Bench.of(task("A"), setup=ev.RunSetup(auto=True))
    bench.claim("A")
    bench.after(5 * HOUR)
    bench.finish("A")
    seen = reviewed(bench)
    assert "Its times prove nothing." in seen.caveats[0]
    assert seen.suggestions == ()


def test_facts_learnt_late_are_counted() -> None:
    bench = Bench.of(task("A"))
    bench.finish("A")
    learnt = [fact.at + HOUR for fact in bench.facts]
    assert any(
        "4 facts were recorded more than 5 minutes after" in c
        for c in reviewed(bench, recorded=learnt).caveats
    )


# --- what is learnt ---


def test_a_task_off_its_plan_is_suggested_anew_with_what_earlier_runs_took() -> None:
    earlier = undisturbed([task("A"), task("B", "A")])
    bench = Bench.of(task("A"), task("B", "A"))
    bench.claim("A")
    bench.after(2 * HOUR)
    bench.finish("A")
    bench.claim("B")
    bench.after(HOUR)
    bench.finish("B")
    seen = reviewed(bench, earlier=[earlier.state])
    (one,) = seen.suggestions
    assert (one.task, one.took) == ("A", (HOUR, 2 * HOUR))
    assert one.suggested.low < HOUR < 2 * HOUR < one.suggested.high
    (before,) = seen.earlier
    assert (before.lasted, before.median_change) == (2 * HOUR, 0.5)


# --- decisions, forecasts, the way back ---


def test_a_late_decision_names_deciders_and_the_evidence_as_it_was() -> None:
    criteria = (gates.Criterion(id="ready", title="All is ready", source="person:chen"),)
    state, facts, now = GATE.start, [], START
    for minutes, command in (
        (0, gates.OpenGate(by="performer", title="Open?", criteria=criteria, deciders=("chen", "asha"), decide_by=START + HOUR)),
        (10, gates.RecordEvidence(by="bo", criterion="ready", finding=gates.Finding.NOT_MET, detail="604 missing", source="person:bo")),
        (50, gates.CastVote(by="asha", vote=Verdict.GO, caveat="only if mended")),
    ):  # fmt: skip
        now = START + minutes * MINUTE
        state, more = GATE.apply(state, command, now)
        facts += more
    facts.append(Fact(gates.GateExpired(), START + 2 * HOUR, "performer"))
    bench = Bench.of(gate("G"))
    (one,) = review(Record(bench.facts, {("G", 1): facts}), START + 3 * HOUR).late_decisions
    assert (one.asked, one.due, one.decided, one.late) == (START, START + HOUR, START + 2 * HOUR, HOUR)
    assert (one.verdict, one.deciders, one.votes[0].caveat) == (Verdict.EXPIRED, ("asha",), "only if mended")
    assert (one.evidence[0].detail, one.evidence[0].age) == ("604 missing", 110 * MINUTE)
    assert one.unmet == ("All is ready: not met (604 missing)",)


def test_an_escalation_gives_more_time_and_is_no_excuse() -> None:
    criteria = (gates.Criterion(id="ready", title="All is ready", source="person:chen"),)
    state, facts = GATE.start, []
    for minutes, command in (
        (0, gates.OpenGate(by="performer", title="Open?", criteria=criteria, deciders=("chen",), decide_by=START + HOUR, on_timeout=gates.OnTimeout.ESCALATE, escalate_to=("asha",))),
        (5, gates.RecordEvidence(by="bo", criterion="ready", finding=gates.Finding.MET, detail="seen", source="person:bo")),
        (20, gates.RaiseCondition(by="chen", text="somebody stays awake")),
        (60, gates.ExpireGate(by="performer")),
        (80, gates.CastVote(by="asha", vote=Verdict.GO, acknowledged=("c1",))),
    ):  # fmt: skip
        state, more = GATE.apply(state, command, START + minutes * MINUTE)
        facts += more
    bench = Bench.of(gate("G"))
    seen = review(Record(bench.facts, {("G", 1): facts}), START + 3 * HOUR)
    (one,) = seen.decisions
    assert (one.verdict, one.deciders, one.late, one.escalated) == (
        Verdict.GO,
        ("asha",),
        20 * MINUTE,
        START + HOUR,
    )
    (condition,) = one.conditions
    assert (condition.by, condition.acknowledged, condition.ended_by) == ("chen", ("chen", "asha"), "")
    assert [(i.kind, i.task, i.words[:7]) for i in seen.incidents] == [("escalated", "G", "to asha")]


def test_each_forecast_is_set_against_the_end_and_the_margin_to_turn_back_is_kept() -> None:
    bench = Bench.of(auto("A", point_of_no_return=True))
    for hours, backout in ((2, None), (9, START + 3 * HOUR)):
        ends = [START + hours * HOUR + n * HOUR for n in range(3)]
        bench.ask(ev.MoveForecast(by="performer", p50=ends[0], p80=ends[1], p95=ends[2], chance_to_miss=0.1, cause="seen", latest_backout=backout))  # fmt: skip
        bench.after(HOUR)
    bench.begin("A")
    bench.after(HOUR)
    bench.outcome("A")
    seen = reviewed(bench)
    assert [one.error for one in seen.outlooks] == [HOUR, -6 * HOUR]
    assert [one.held for one in seen.outlooks] == [(False, True, True), (True, True, True)]
    assert [one.margin for one in seen.outlooks] == [48 * HOUR, 2 * HOUR]
    assert seen.no_return is not None
    assert (seen.no_return.task, seen.no_return.margin) == ("A", timedelta(0))


# --- changes while it ran ---


def test_an_approved_edit_is_told_by_what_it_changed_and_the_plan_as_made_stays_the_measure() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    bench.ask(ProposeEdit(by="bo", reason="slower than thought", changes={"B": {"duration": "3h"}}))
    bench.after(5 * MINUTE)
    bench.ask(ApproveEdit(by="chen", number=1))
    seen = reviewed(bench)
    assert [(one.kind, one.by, one.words) for one in seen.edits] == [
        ("EditProposed", "bo", "number 1; reason slower than thought"),
        ("EditApproved", "chen", "B: duration 1h → 3h"),
    ]
    assert seen.by_id()["B"].planned_length == HOUR
    assert seen.planned_finish == START + 2 * HOUR


def test_a_backout_that_was_armed_and_begun_is_an_incident() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    bench.ask(ArmBackout(by="asha", reason="to be ready"))
    bench.ask(ev.BackOut(by="asha", reason="the load failed"))
    assert [(i.kind, i.words) for i in reviewed(bench).incidents][:2] == [
        ("backout armed", "to be ready"),
        ("backout", "the load failed"),
    ]
