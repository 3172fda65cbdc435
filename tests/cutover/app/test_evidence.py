"""What gates ask of other rooms is answered live, and nothing is green unless it was shown."""

from __future__ import annotations

import pytest

from cutover.app.bootstrap import World
from cutover.app.evidence import providers
from cutover.domain.gates import Finding
from runbooks.domain.run_events import RunType


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
