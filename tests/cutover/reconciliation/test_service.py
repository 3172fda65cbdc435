"""A reconciliation run as a gate sees it: planted defects found, named and classed; nothing passes that was not read."""

from __future__ import annotations

import pytest

from cutover.core.errors import NotFound, Refused, Unavailable
from cutover.reconciliation import match, snapshot
from cutover.reconciliation.comparison import COMPARISON, Start, comparison_stream
from cutover.reconciliation.findings import Verdict
from cutover.reconciliation.sides import Side
from tests.cutover.reconciliation.world import (
    COLUMNS,
    World,
    contract,
    crime,
    facts,
    write_csv,
    write_parquet,
)

HUNDRED = [crime(n) for n in range(100)]


def test_equal_registers_in_another_order_pass(world: World) -> None:
    world.write(HUNDRED, reversed(HUNDRED))
    outcome = world.run()
    assert outcome.verdict is Verdict.PASS
    assert (outcome.counts["matched"], outcome.source.rows, outcome.conservation.holds) == (100, 100, True)
    assert world.service.findings("crimes") == []


def test_all_604_of_one_status_are_named_exactly(world: World) -> None:
    register = [crime(n, status="under_review" if n % 10 == 3 and n < 6040 else "open") for n in range(7000)]
    world.write(register, [row for row in register if row[3] != "under_review"])
    outcome = world.run()
    assert str(outcome) == "FAIL: 604 missing (604 under_review)"
    assert outcome.by_state["under_review"] == {"missing": 604}
    assert world.keys("missing") == [row[0] for row in register if row[3] == "under_review"]
    first = world.service.findings("crimes", "missing", limit=1)[0]
    assert (first["state"], first["context"]) == ("under_review", {"offence": "burglary"})


@pytest.mark.requirement("R8")
def test_extras_that_make_up_the_number_hide_nothing(world: World) -> None:
    world.write(HUNDRED, [*HUNDRED[1:], crime(500)])
    outcome = world.run()
    assert outcome.verdict is Verdict.FAIL
    assert (world.keys("missing"), world.keys("extra")) == (["C00000"], ["C00500"])


@pytest.mark.parametrize(
    ("here", "there", "kind"),
    [
        ({"surname": "Smith"}, {"surname": "Smith "}, "whitespace"),
        ({"surname": "Zo\u00eb"}, {"surname": "Zoe\u0308"}, "unicode_form"),
        ({"surname": "Müller"}, {"surname": "MÃ¼ller"}, "mojibake"),
        ({"surname": None}, {"surname": ""}, "null_empty"),
        ({"surname": "007"}, {"surname": "7"}, "lost_leading_zeros"),
        ({"reported_at": "2026-06-01T09:30:00Z"}, {"reported_at": "2026-06-01T10:30:00Z"}, "hour_shift"),
        ({"reported_at": "2026-06-01T09:30:00Z"}, {"reported_at": "01/06/2026"}, "wrong_type"),
        ({"value_gbp": "12.34"}, {"value_gbp": "12.3"}, "rounding"),
        ({"value_gbp": "12.50"}, {"value_gbp": "12,50"}, "wrong_type"),
        ({"value_gbp": "12.50"}, {"value_gbp": None}, "value"),
    ],
)
def test_a_changed_cell_is_told_with_both_values_and_its_kind(
    world: World, here: dict[str, str], there: dict[str, str], kind: str
) -> None:
    world.write([crime(1, **here), crime(2)], [crime(1, **there), crime(2)])
    outcome = world.run()
    assert (outcome.verdict, outcome.unexplained, outcome.kinds) == (Verdict.FAIL, 1, {kind: 1})
    [(column, *_, found, rule)] = world.cells()
    assert (column, found, rule) == (next(iter(here)), kind, "")


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"value_gbp": "12.5"}, {"value_gbp": "12.5000"}),
        ({"value_gbp": ".71"}, {"value_gbp": "0.71"}),
        ({"reported_at": "2026-06-01T10:30:00+01:00"}, {"reported_at": "2026-06-01 09:30:00"}),
    ],
)
def test_two_spellings_of_one_value_of_the_contract_type_agree(
    world: World, here: dict[str, str], there: dict[str, str]
) -> None:
    world.write([crime(1, **here)], [crime(1, **there)])
    assert world.run().passed


@pytest.mark.parametrize("value", ["abc", "12,50", "12.505", "", " 1", "007"])
def test_what_is_not_a_value_of_its_type_matches_nothing_even_its_equal(world: World, value: str) -> None:
    row = crime(1, value_gbp=value)
    world.write([row], [row])
    outcome = world.run()
    assert (outcome.verdict, outcome.kinds) == (Verdict.FAIL, {"wrong_type": 1})
    assert world.cells() == [("value_gbp", value, value, "wrong_type", "")]


def test_a_declared_rule_explains_its_kind_and_only_its_kind(world: World) -> None:
    columns = contract("a.csv", "b.csv").model_dump()["columns"] | {
        "surname": {"type": "text", "rules": ["unicode_form"]}
    }
    world.agree(columns=columns)
    world.write([crime(1, surname="Zo\u00eb"), crime(2)], [crime(1, surname="Zoe\u0308"), crime(2)])
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["changed"], outcome.unexplained) == (Verdict.PASS, 1, 0)
    assert world.cells() == [("surname", "Zo\u00eb", "Zoe\u0308", "unicode_form", "unicode_form")]
    world.write([crime(1), crime(2)], [crime(1, surname="Müller "), crime(2)])
    assert world.run().unexplained == 1


def test_a_tolerance_explains_what_lies_within_it_and_counts_it(world: World) -> None:
    columns = contract("a.csv", "b.csv").model_dump()["columns"]
    world.agree(columns=columns | {"value_gbp": {"type": "decimal(12,2)", "tolerance": "0.01"}})
    world.write([crime(1, value_gbp="10.11"), crime(2)], [crime(1, value_gbp="10.12"), crime(2)])
    assert (world.run().passed, world.cells()) == (
        True,
        [("value_gbp", "10.11", "10.12", "value", "tolerance")],
    )
    world.write([crime(1, value_gbp="10.11"), crime(2)], [crime(1, value_gbp="10.13"), crime(2)])
    assert world.run().unexplained == 1


def test_copies_of_a_key_are_found_on_each_side_identical_or_not(world: World) -> None:
    source = [crime(1), crime(1), crime(2), crime(3), crime(4), crime(4, surname="B")]
    target = [crime(1), crime(2), crime(2), crime(3), crime(3, surname="A"), crime(4), crime(4), crime(4)]
    world.write(source, target)
    outcome = world.run()
    assert outcome.conservation.holds
    assert (
        outcome.counts["matched"],
        outcome.counts["duplicate_source"],
        outcome.counts["duplicate_target"],
    ) == (4, 2, 3)
    told = {(f["class"], f["key"]["crime_id"]): f["detail"] for f in world.service.findings("crimes")}
    assert told == {
        ("duplicate_source", "C00001"): "2 copies, identical",
        ("duplicate_source", "C00004"): "2 copies, differing",
        ("duplicate_target", "C00002"): "2 copies, identical",
        ("duplicate_target", "C00003"): "2 copies, differing",
        ("duplicate_target", "C00004"): "3 copies, identical",
    }


@pytest.mark.parametrize(
    "key", ["i", "i - 500", "i * 1_000_000_000_000", "i::INTEGER", "i::VARCHAR", "i::DECIMAL(9, 1)"]
)
def test_the_same_copies_of_a_key_on_both_sides_are_found_whatever_the_key_is(world: World, key: str) -> None:
    """The totals of both sides are the same then."""
    rows = f"SELECT {key} AS crime_id, 'open' AS status, 'theft' AS offence FROM (SELECT * FROM range(1_000) UNION ALL {{0}}) t(i)"
    column = "text" if "VARCHAR" in key else "integer"
    columns = {"crime_id": column, "status": "text", "offence": "text"}
    for copies, found in ("SELECT 7", 1), ("(SELECT 7 LIMIT 0)", 0), ("SELECT NULL::BIGINT FROM range(2)", 0):
        one = write_parquet(world.folder / "s.parquet", rows.format(copies))
        other = write_parquet(world.folder / "t.parquet", rows.format(copies) + " ORDER BY i % 13")
        world.contracts = {"crimes": contract(one, other, columns=columns)}
        outcome = world.run()
        assert (outcome.counts["duplicate_source"], outcome.counts["duplicate_target"]) == (found, found)
        assert outcome.counts["matched"] == 1_000
        assert outcome.passed == (copies == "(SELECT 7 LIMIT 0)")


def test_a_key_copied_in_the_source_and_absent_from_the_target_is_missing_too(world: World) -> None:
    world.write([*HUNDRED, HUNDRED[7]], [row for row in HUNDRED if row[0] != "C00007"])
    world.run()
    assert world.keys("missing") == world.keys("duplicate_source") == ["C00007"]


def test_records_without_a_key_are_a_class_of_their_own(world: World) -> None:
    world.write([*HUNDRED, crime(1, crime_id=None, offence="fraud")], [*HUNDRED, crime(1, crime_id=None)])
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["null_key"], outcome.counts["matched"]) == (Verdict.FAIL, 2, 100)
    told = {finding["detail"]: finding["context"] for finding in world.service.findings("crimes", "null_key")}
    assert told == {"in the source": {"offence": "fraud"}, "in the target": {"offence": "theft"}}


def test_leading_zeros_of_a_key_are_data(world: World) -> None:
    world.write([crime(1, crime_id="007")], [crime(1, crime_id="7")])
    world.run()
    assert (world.keys("missing"), world.keys("extra")) == (["007"], ["7"])


def test_a_wider_decimal_scale_agrees_and_a_lost_digit_does_not(world: World) -> None:
    usual = contract("a.csv", "b.csv").model_dump(include={"columns"})["columns"]
    columns = {name: usual[name] for name in ("crime_id", "status", "offence", "value_gbp")}
    select = "SELECT 'C' || i AS crime_id, 'open' AS status, 'theft' AS offence, (i + 0.5)::DECIMAL({0}) AS value_gbp FROM range({1}) t(i)"
    source = write_parquet(world.folder / "s.parquet", select.format("12,2", 50))
    target = write_parquet(world.folder / "t.parquet", select.format("14,4", 50))
    world.contracts = {"crimes": contract(source, target, columns=columns)}
    assert world.run().passed
    write_parquet(world.folder / "t.parquet", select.format("14,4", 50).replace("0.5)", "0.5049)"))
    assert world.run().kinds == {"wrong_type": 50}


def test_text_that_became_a_number_is_never_a_pass(world: World) -> None:
    columns = {"crime_id": "text", "status": "text", "offence": "text"}
    source = write_parquet(
        world.folder / "s.parquet", "SELECT '12' AS crime_id, 'open' AS status, 'theft' AS offence"
    )
    target = write_parquet(
        world.folder / "t.parquet", "SELECT 12 AS crime_id, 'open' AS status, 'theft' AS offence"
    )
    world.contracts = {"crimes": contract(source, target, columns=columns)}
    outcome = world.run()
    assert (outcome.verdict, outcome.reasons) == (
        Verdict.INCONCLUSIVE,
        ("column 'crime_id' of the target is INTEGER, the contract says text",),
    )


def test_excluded_records_are_counted_by_name_in_the_books(world: World) -> None:
    world.agree(
        exclusions=[
            {
                "name": "closed_ones",
                "where": "status = 'closed'",
                "reason": "weeded",
                "signed_by": "Chen",
                "side": "source",
            }
        ]
    )
    world.write(HUNDRED, [row for row in HUNDRED if row[3] != "closed"])
    outcome = world.run()
    assert (outcome.verdict, outcome.coverage.excluded) == (Verdict.PASS, {"source.closed_ones": 20})
    assert outcome.conservation.source.excluded == 20


def test_a_column_nobody_declared_is_inconclusive_until_it_is_left_out_with_a_reason(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    write_csv(world.target, [(*row, "now") for row in HUNDRED], (*COLUMNS, "loaded_at"))
    assert world.run().reasons == (
        "column 'loaded_at' of the target is neither compared nor declared as not compared",
    )
    world.agree(not_compared=[{"column": "loaded_at", "side": "target", "reason": "set by the loader"}])
    outcome = world.run()
    assert (outcome.passed, outcome.coverage.not_compared) == (True, ("target.loaded_at: set by the loader",))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, "no file"),
        (b"", "the file is empty"),
        (b"crime_idd,reported_at,offence,status,surname,value_gbp\n", "has no column 'crime_id'"),
        (
            b"crime_id,reported_at,offence,status,surname,value_gbp\nC1,2026-06-01,theft\n",
            "CSV Error on Line: 2",
        ),
        (
            b"crime_id,reported_at,offence,status,surname,value_gbp\nC1,2026-06-01,theft,open,\xe9,1\n",
            "utf-8",
        ),
        (b"crime_id,crime_id,offence,status,surname,value_gbp\n", "names a column twice"),
    ],
)
def test_a_side_that_can_not_be_read_whole_is_an_error_and_named(
    world: World, body: bytes | None, said: str
) -> None:
    world.write(HUNDRED, HUNDRED)
    assert world.run().passed
    world.target.unlink() if body is None else world.target.write_bytes(body)
    outcome = world.run()
    assert outcome.verdict is Verdict.ERROR
    assert said in outcome.reasons[0]
    assert world.service.latest("crimes") == outcome
    with pytest.raises(Refused, match="no findings to show"):
        world.service.findings("crimes")


def test_a_file_is_read_by_its_name_and_never_as_a_pattern(world: World) -> None:
    folder = world.folder / "year=2026"
    folder.mkdir()
    world.write(HUNDRED, HUNDRED)
    write_csv(folder / "crimes1.csv", HUNDRED)
    literal = write_csv(folder / "crimes[1].csv", HUNDRED[1:])
    world.contracts = {"crimes": contract(literal, world.target)}
    outcome = world.run()
    assert (outcome.source.rows, outcome.counts["extra"]) == (99, 1)


def test_more_differences_than_are_held_at_a_time_are_all_told_and_told_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = [crime(n, surname="Smith " if n % 3 else "Smith", offence="x" if n % 7 else "y") for n in range(5, 1_004)]  # fmt: skip
    source = [*(crime(n, surname="Smith") for n in range(1_000)), crime(9), crime(10, crime_id=None)]
    world.write(source, target)
    whole = world.run()
    findings = world.service.findings("crimes")
    monkeypatch.setattr(match, "FEW", 0)
    monkeypatch.setattr(match, "SLICE", 50)
    sliced = world.run()
    assert world.service.findings("crimes") == findings
    of_the_run = {"run", "findings_file", "source", "target"}
    assert sliced.model_dump(exclude=of_the_run) == whole.model_dump(exclude=of_the_run)
    assert (sliced.verdict, len(findings)) == (Verdict.FAIL, 5 + 995 + 4 + 1 + 1)


def test_a_truncated_parquet_file_is_an_error(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    whole = write_parquet(world.folder / "t.parquet", f"FROM read_csv('{world.target}', all_varchar=true)")
    whole.write_bytes(whole.read_bytes()[:-40])
    world.contracts = {"crimes": contract(world.source, whole)}
    outcome = world.run()
    assert outcome.verdict is Verdict.ERROR
    assert "the target of crimes could not be read" in outcome.reasons[0]


def test_a_source_frozen_at_the_freeze_is_compared_although_it_moved_on(world: World) -> None:
    world.agree(source_frozen=True)
    world.write(HUNDRED, HUNDRED)
    taken = world.service.snapshot("crimes", "source", by="Bo", key="freeze:1")
    assert world.service.snapshot("crimes", "source", by="Bo", key="freeze:1") == taken
    write_csv(world.source, HUNDRED[:50])
    outcome = world.run()
    assert (outcome.verdict, outcome.source.frozen, outcome.source.sha256) == (
        Verdict.PASS,
        True,
        taken.sha256,
    )


def test_findings_that_can_not_be_told_from_a_source_that_changed_are_inconclusive(world: World) -> None:
    world.agree(source_frozen=True)
    world.write(HUNDRED, HUNDRED[5:])
    world.service.snapshot("crimes", Side.SOURCE, by="Bo")
    write_csv(world.source, HUNDRED[3:])
    outcome = world.run()
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "the source changed while it was being read" in outcome.reasons[0]


@pytest.mark.parametrize("harm", ["altered", "gone", "engine", "contract"])
def test_a_frozen_snapshot_that_can_not_be_trusted_is_no_verdict(
    world: World, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.agree(source_frozen=True)
    world.write(HUNDRED, HUNDRED)
    taken = world.service.snapshot("crimes", "source", by="Bo")
    kept = world.folder / "state/reconciliation/crimes/frozen" / taken.file
    match harm:
        case "altered":
            kept.write_bytes(kept.read_bytes() + b" ")
        case "gone":
            kept.unlink()
        case "engine":
            monkeypatch.setattr(snapshot, "ENGINE", "duckdb 9.9.9")
        case _:
            world.agree(source_frozen=True, state=[])
    assert world.run().verdict is Verdict.INCONCLUSIVE


def test_the_same_key_gives_the_recorded_outcome_without_a_second_event(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    first = world.run(key="task:reconcile", round=1)
    write_csv(world.target, HUNDRED[1:])
    assert world.run(key="task:reconcile", round=1) == first
    assert [fact["kind"] for fact in facts(world)] == ["ReconciliationStarted", "ReconciliationFinished"]
    assert world.run(key="task:reconcile:again", round=2).verdict is Verdict.FAIL


def test_a_run_that_died_or_failed_under_a_key_is_made_anew(world: World) -> None:
    world.desk.ask(
        COMPARISON, comparison_stream("crimes"), Start(by="Asha")
    )  # and then the process was killed
    assert world.run(key="k").verdict is Verdict.ERROR  # nothing there yet
    world.write(HUNDRED, HUNDRED)
    outcome = world.run(key="k")
    assert (outcome.verdict, outcome.run) == (Verdict.PASS, 3)
    assert world.run(key="k") == outcome


def test_findings_that_were_altered_are_not_shown(world: World) -> None:
    world.write(HUNDRED, HUNDRED[1:])
    outcome = world.run()
    file = world.folder / "state/reconciliation/crimes/findings" / outcome.findings_file
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(Refused, match="altered"):
        world.service.findings("crimes")


def test_what_was_never_asked_has_no_answer(world: World) -> None:
    assert world.service.latest("crimes") is None
    with pytest.raises(Refused, match="not been reconciled"):
        world.service.findings("crimes")
    with pytest.raises(NotFound, match="did you mean 'crimes'"):
        world.service.run("crime", by="Asha")
    with pytest.raises(NotFound, match="did you mean 'missing'"):
        world.service.findings("crimes", "mising")
    with pytest.raises(Unavailable, match="no file"):
        world.service.snapshot("crimes", "source", by="Bo")
