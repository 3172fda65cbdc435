"""Who points at nobody, and what was signed for."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from cutover.reconciliation.contract import Contract
from cutover.reconciliation.contract_faults import between
from cutover.reconciliation.findings import Verdict
from tests.cutover.reconciliation.world import World, contract, crime, write_csv

HUNDRED = [crime(n) for n in range(100)]


def _offences(world: World, source: list[str], target: list[str]) -> Contract:
    there = [write_csv(world.folder / f"offences_{n}.csv", [(o,) for o in side], ["offence"]) for n, side in enumerate((source, target))]  # fmt: skip
    return Contract.model_validate(
        {"id": "offences", "title": "Offences", "entity": "offence", "source": {"path": str(there[0])}, "target": {"path": str(there[1])}, "key": "offence", "columns": {"offence": "text"}}
    )  # fmt: skip


def test_records_that_point_at_nobody_are_named_with_whether_they_did_so_before(world: World) -> None:
    world.agree(references=[{"columns": "offence", "contract": "offences"}])
    world.contracts["offences"] = _offences(world, ["theft", "burglary"], ["theft"])
    world.write(HUNDRED, HUNDRED)
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["orphan"]) == (Verdict.FAIL, 67)
    told = {f["context"]["offence"]: f["detail"] for f in world.service.findings("crimes", "orphan")}
    assert told == {
        "burglary": "offence burglary points at no record of offences in the target",
        "assault": "offence assault points at no record of offences in the target, nor in the source",
    }


def test_a_reference_whose_records_are_all_there_passes(world: World) -> None:
    world.agree(references=[{"columns": "offence", "contract": "offences"}])
    every = ["theft", "burglary", "assault"]
    world.contracts["offences"] = _offences(world, every, every)
    world.write([*HUNDRED, crime(200, offence=None)], [*HUNDRED, crime(200, offence=None)])
    assert world.run().passed


def test_what_is_signed_for_passes_until_its_day_is_over(world: World) -> None:
    today = world.desk.clock.now().date()
    signed = {
        "class": "missing",
        "keys": [["C00000"]],
        "reason": "weeded",
        "signed_by": "Chen",
        "expires": today,
    }
    world.agree(accepted=[signed])
    world.write(HUNDRED, HUNDRED[1:])
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["missing"], outcome.accepted) == (Verdict.PASS, 1, {"missing": 1})
    assert world.service.findings("crimes")[0]["accepted_by"] == "Chen"
    world.write(HUNDRED, HUNDRED[2:])
    assert world.run().reasons == ("2 missing (1 closed, 1 open), 1 of them signed for",)
    world.agree(accepted=[signed | {"expires": today - timedelta(days=1)}])
    world.write(HUNDRED, HUNDRED[1:])
    assert world.run().verdict is Verdict.FAIL


def test_an_exclusion_whose_day_is_over_is_no_longer_a_pass(world: World) -> None:
    gone = {
        "name": "x",
        "where": "status = 'none'",
        "reason": "r",
        "signed_by": "Chen",
        "expires": date(2020, 1, 1),
    }
    world.agree(exclusions=[gone])
    world.write(HUNDRED, HUNDRED)
    outcome = world.run()
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.reasons == ("exclusion 'x' signed by Chen expired on 01 Jan 2020",)


def test_findings_of_two_runs_are_new_gone_or_still_there(world: World) -> None:
    world.write(HUNDRED, HUNDRED[2:])
    world.run()
    world.write(HUNDRED, [*HUNDRED[1:50], *HUNDRED[51:], crime(700)])
    world.run()
    found = world.service.since("crimes", 1)
    assert (found.new, found.gone, found.still) == (
        {"extra": 1, "missing": 1},
        {"missing": 1},
        {"missing": 1},
    )


def test_the_repair_extract_holds_the_source_s_rows_of_missing_and_changed_keys(world: World) -> None:
    world.write(HUNDRED, [crime(0, surname="A"), *HUNDRED[2:], crime(900)])
    world.run()
    file = world.folder / "reload.csv"
    assert world.service.repair_extract("crimes", file) == 2
    assert sorted(line[:8] for line in file.read_text().splitlines()[1:]) == ['"C00000"', '"C00001"']


def test_a_reference_of_another_type_than_the_key_it_points_at_is_a_fault_of_the_contract(
    world: World,
) -> None:
    officers = contract(
        world.source, world.target, id="officers", key="id", state=(), context=(), columns={"id": "integer"}
    )
    crimes = contract(world.source, world.target, references=[{"columns": "offence", "contract": "officers"}])
    files = dict.fromkeys(("officers", "crimes"), Path("crimes.yaml"))
    [problem] = between({"officers": officers, "crimes": crimes}, files)
    assert "offence (text) cannot point at officers" in str(problem)
