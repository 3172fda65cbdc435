"""What gates ask of other rooms is answered live, and nothing is green unless it was shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.evidence import providers
from cutover.app.settings import Settings
from cutover.app.watching import rechecks_told
from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from cutover.domain.gates import Criterion, Finding, Verdict
from cutover.reconciliation.comparison import COMPARISON, Start, comparison_stream
from runbooks.domain.plan import Runbook, Task, TaskGate, TaskType
from runbooks.domain.run_events import RunType
from runbooks.service import Reading


def test_what_was_never_reconciled_is_unknown(world: World) -> None:
    reading = providers(world)["reconcile"]("crimes")
    assert (reading.finding, reading.detail) == (Finding.UNKNOWN, "never reconciled")


def test_a_reconciliation_that_agrees_is_met_and_one_that_does_not_is_not(world: World) -> None:
    world.reconciliation.run("crimes", by="asha")
    assert providers(world)["reconcile"]("crimes").finding is Finding.MET
    (world.folder.path / "new.csv").write_text("crime_id,status\nC1,open\n", encoding="utf-8")
    world.reconciliation.run("crimes", by="asha")
    reading = providers(world)["reconcile"]("crimes")
    assert (reading.finding, reading.link) == (Finding.NOT_MET, "/reconciliation?contract=crimes&run=2")
    assert "1" in reading.detail


def test_a_pass_whose_re_run_is_overdue_is_not_met_and_its_owner_is_told(folder: Path) -> None:
    clock = FixedClock(datetime(2026, 10, 24, tzinfo=UTC))
    world = build_world(folder, pace=clock, settings=Settings(database_url=""))
    try:
        opens = world.folder.programme.opens
        clock.set(opens + timedelta(hours=1))
        world.reconciliation.run("crimes", by="asha")
        [before] = [alarm for alarm in rechecks_told(world) if alarm.id == "reconcile-crimes"]
        assert (before.bad, before.owner) == (False, "asha")
        clock.set(clock.now() + timedelta(days=2))
        reading = providers(world)["reconcile"]("crimes")
        late = "one day after the first run: overdue"
        assert (reading.finding, f"{late} since Sun 25 Oct 01:00 BST" in reading.detail) == (
            Finding.NOT_MET,
            True,
        )
        [alarm] = [alarm for alarm in rechecks_told(world) if alarm.id == "reconcile-crimes"]
        assert (alarm.bad, alarm.label, alarm.detail) == (True, "OVERDUE", late)
        world.reconciliation.run("crimes", by="asha")
        assert providers(world)["reconcile"]("crimes").finding is Finding.MET
        assert not any(alarm.bad for alarm in rechecks_told(world))
    finally:
        world.engine.dispose()


def test_a_pass_under_another_contract_or_by_a_signature_that_is_over_is_not_met(folder: Path) -> None:
    file = folder / "reconciliation" / "crimes.yaml"
    signed = (
        'accepted: [{class: missing, keys: ["C9"], reason: weeded, signed_by: Chen, expires: 2026-10-24}]\n'
    )
    with (folder / "old.csv").open("a", encoding="utf-8") as old:
        old.write("C9,open\n")
    contract = file.read_text(encoding="utf-8")
    file.write_text(contract + signed, encoding="utf-8")

    def reading(day: int) -> Reading:
        clock = FixedClock(datetime(2026, 10, day, 12, tzinfo=UTC))
        world = build_world(folder, pace=clock, settings=Settings(database_url=""))
        try:
            if not world.reconciliation.latest("crimes"):
                world.reconciliation.run("crimes", by="asha")
            return providers(world)["reconcile"]("crimes")
        finally:
            world.engine.dispose()

    assert reading(24).finding is Finding.MET
    over = reading(25)
    assert (over.finding, "signed for by Chen were accepted until 24 Oct 2026" in over.detail) == (
        Finding.NOT_MET,
        True,
    )
    file.write_text(contract, encoding="utf-8")
    changed = reading(24)
    assert (changed.finding, "the contract was changed since" in changed.detail) == (Finding.NOT_MET, True)


def test_a_run_that_was_begun_after_a_pass_and_never_answered_takes_its_green(world: World) -> None:
    world.reconciliation.run("crimes", by="asha")
    assert providers(world)["reconcile"]("crimes").finding is Finding.MET
    world.desk.ask(COMPARISON, comparison_stream("crimes"), Start(by="asha"))
    left = providers(world)["reconcile"]("crimes")
    assert left.finding is Finding.NOT_MET
    assert "run 2 was begun after it and has not answered" in left.detail
    world.reconciliation.run("crimes", by="asha")
    assert providers(world)["reconcile"]("crimes").finding is Finding.MET


@pytest.mark.parametrize("kind", ["reconcile", "monitor"])
def test_a_name_that_nothing_bears_is_an_error_and_no_crash(world: World, kind: str) -> None:
    reading = providers(world)[kind]("crimez")
    assert reading.finding is Finding.ERROR
    assert "crimez" in reading.detail


def test_a_monitor_that_was_never_asked_is_not_met(world: World) -> None:
    reading = providers(world)["monitor"]("records-answer")
    assert reading.finding is Finding.UNKNOWN
    assert reading.link == "/health#records-answer"


def test_a_walk_through_says_that_it_assumes(world: World) -> None:
    world.simulated = True
    reading = providers(world)["readiness"]("nights")
    assert reading.finding is Finding.MET
    assert reading.detail.startswith("assumed:")


def test_without_a_complete_rehearsal_the_criterion_is_not_met(world: World) -> None:
    reading = providers(world)["rehearsal"]("30d")
    assert (reading.finding, reading.detail) == (
        Finding.NOT_MET, "not ready: no complete rehearsal at all",
    )  # fmt: skip


def test_a_rehearsals_own_gates_ask_for_no_earlier_one_and_a_live_runs_gates_do(world: World) -> None:
    book = world.folder.runbook()
    world.runs.start(book, by="asha")
    assert providers(world)["rehearsal"]("30d").finding is Finding.MET
    world.runs.start(book, by="asha", run_type=RunType.LIVE)
    assert providers(world)["rehearsal"]("30d").finding is Finding.NOT_MET


def test_a_rule_that_says_no_age_is_an_error_and_no_crash(world: World) -> None:
    assert providers(world)["rehearsal"]("soon").finding is Finding.ERROR


def test_a_file_is_met_while_it_is_there_and_known_by_its_hash(world: World) -> None:
    ask = providers(world)["file"]
    assert ask("signed.pdf").finding is Finding.NOT_MET
    (world.folder.path / "signed.pdf").write_bytes(b"%PDF one")
    first = ask("signed.pdf")
    (world.folder.path / "signed.pdf").write_bytes(b"%PDF two")
    second = ask("signed.pdf")
    assert (first.finding, second.finding) == (Finding.MET, Finding.MET)
    assert first.detail != second.detail, "an exchanged file is news"


def test_a_file_outside_the_folder_is_an_error_and_is_not_read(world: World) -> None:
    for name in ("../../etc/passwd", "/etc/passwd"):
        reading = providers(world)["file"](name)
        assert reading.finding is Finding.ERROR
        assert "is not in the programme folder" in reading.detail


READY = "role,station,shift,ready,needed,counted,owner\n"


def count(world: World, *lines: str) -> None:
    (world.folder.path / "readiness.csv").write_text(READY + "\n".join(lines), encoding="utf-8")


def test_the_worst_cell_of_readiness_is_read_and_nothing_counted_is_unknown(world: World) -> None:
    readiness = providers(world)["readiness"]
    assert readiness("90").finding is Finding.UNKNOWN
    count(
        world,
        "custody,central,days,9,9,2026-10-20T09:00,Lewis",
        "custody,central,nights,6,10,2026-10-21T09:00,Lewis",
    )
    seen = readiness("90")
    assert (seen.finding, readiness("60").finding) == (Finding.NOT_MET, Finding.MET)
    assert "custody, central, nights: 6 of 10 ready" in seen.detail
    assert seen.seen_at is not None
    assert seen.seen_at.isoformat() == "2026-10-20T08:00:00+00:00", (
        "the oldest count, on the programme's wall clock"
    )


def test_a_count_that_cannot_be_read_is_an_error_and_check_names_its_line(world: World) -> None:
    count(world, "custody,central,days,9,9,2026-10-20T09:00,Lewis", "custody,central,nights,11,10,soon,")
    assert providers(world)["readiness"]("90").finding is Finding.ERROR
    told = "\n".join(map(str, world.folder.problems()))
    assert "readiness.csv" in told
    assert "line 3" in told or ":3" in told


def test_a_count_older_than_its_criterion_allows_goes_stale_however_often_it_is_asked(world: World) -> None:
    """What is recorded now of what was counted long ago is not fresh."""
    count(world, "custody,central,days,9,9,2026-10-01T09:00,Lewis")
    criterion = Criterion(id="ready", title="Trained", source="readiness:90", max_age=timedelta(days=7))
    asked = TaskGate(criteria=(criterion,), deciders=("chen",))
    run_id = world.runs.start(
        Runbook(id="r", title="R", tasks=(Task(id="G", title="G", type=TaskType.APPROVAL, gate=asked),)),
        by="asha",
    )
    world.runs.open_gate(run_id, "G")
    world.runs.gather(run_id, "G")
    found = world.runs.gate(run_id, "G").evidence["ready"]
    assert (found.finding, found.detail.partition(":")[0]) == (Finding.UNKNOWN, "stale")
    with pytest.raises(Refused, match="stale"):
        world.runs.vote(run_id, "G", by="chen", vote=Verdict.GO)
    count(world, f"custody,central,days,9,9,{world.clock.now():%Y-%m-%dT%H:%M}Z,Lewis")
    assert world.runs.vote(run_id, "G", by="chen", vote=Verdict.GO).verdict is Verdict.GO
