"""What looks like agreement and is none: one place twice, another place, what nobody declared, what is no NULL."""

from __future__ import annotations

import pytest

from cutover.reconciliation.comparison import COMPARISON, Overtaken, Start, comparison_stream
from cutover.reconciliation.findings import Verdict
from cutover.reconciliation.standing import notes
from tests.cutover.reconciliation.world import COLUMNS, World, contract, crime, write_csv

HUNDRED = [crime(n) for n in range(100)]


def test_a_contract_whose_sides_are_one_place_proves_nothing(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    assert world.run().passed
    world.target.unlink()
    world.target.symlink_to(world.source)
    outcome = world.run()
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "source and target are the same place" in outcome.reasons[0]


def test_a_source_frozen_earlier_may_be_the_place_that_is_compared_now(world: World) -> None:
    world.write(HUNDRED, [])
    world.target.unlink()
    world.target.symlink_to(world.source)
    world.agree(source_frozen=True)
    world.service.snapshot("crimes", "source", by="Asha")
    assert world.run().passed
    write_csv(world.source, HUNDRED[1:])
    assert any("the source changed" in reason for reason in world.run().reasons)


def test_a_snapshot_of_another_place_than_the_contract_names_now_is_no_verdict(world: World) -> None:
    world.write(HUNDRED[1:], HUNDRED[1:])
    world.agree(source_frozen=True)
    world.service.snapshot("crimes", "source", by="Asha")
    assert world.run().passed
    whole = write_csv(world.folder / "whole.csv", HUNDRED)
    world.agree(source_frozen=True, source={"path": str(whole)})
    outcome = world.run()
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "the contract now names" in outcome.reasons[0]


def test_a_pass_says_what_agrees_only_by_a_rule_and_what_was_left_out(world: World) -> None:
    world.write([crime(1), crime(2)], [crime(1), crime(2)])
    assert str(world.run()).startswith("PASS: all 2 records agree (2 read")
    columns = {n: {"type": c.type} for n, c in world.contracts["crimes"].columns.items()}
    columns["surname"] = {"type": "text", "rules": ["whitespace"]}
    aside = {"name": "x", "where": "crime_id = 'C00003'", "reason": "r", "signed_by": "Chen"}
    world.agree(columns=columns, exclusions=[aside])
    world.write([crime(1), crime(2), crime(3)], [crime(1), crime(2, surname="Müller ")])
    assert str(world.run()).startswith(
        "PASS: 1 records agree; 1 agree by a declared rule or tolerance; 1 rows excluded (3 read"
    )


def test_a_word_of_an_expression_that_is_no_column_leaves_the_column_of_that_name_undeclared(
    world: World,
) -> None:
    columns = {n: {"type": c.type} for n, c in world.contracts["crimes"].columns.items()}
    columns["surname"] = {"type": "text", "source_sql": "replace(CAST(surname AS text), ' note', '')", "target_sql": "surname"}  # fmt: skip
    world.agree(columns=columns)
    for own in ("text", "note", "replace"):
        write_csv(world.source, [(*crime(1), "lost")], (*COLUMNS, own))
        write_csv(world.target, [crime(1)])
        outcome = world.run()
        assert outcome.verdict is Verdict.INCONCLUSIVE
        assert outcome.reasons == (f"column '{own}' of the source is neither compared nor declared as not compared",)  # fmt: skip


def test_a_value_that_is_not_of_its_type_is_not_excluded_as_if_it_were_null(world: World) -> None:
    aside = {"name": "x", "where": "value_gbp IS NULL", "reason": "no value", "signed_by": "Chen"}
    world.write([crime(1), crime(2, value_gbp=None), crime(3, value_gbp="12,50")], [crime(1)])
    world.agree(exclusions=[aside])
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["missing"]) == (Verdict.FAIL, 1)


def test_rounding_is_allowed_to_the_declared_places_and_a_penny_is_not_rounding(world: World) -> None:
    columns = contract("a.csv", "b.csv").model_dump()["columns"] | {
        "value_gbp": {"type": "decimal(14,4)", "rules": ["rounding"], "places": 2}
    }
    world.agree(columns=columns)
    world.write([crime(1, value_gbp="12.3456")], [crime(1, value_gbp="12.35")])
    assert world.run().passed
    world.write([crime(1, value_gbp="10.01")], [crime(1, value_gbp="10.00")])
    outcome = world.run()
    assert (outcome.verdict, outcome.unexplained) == (Verdict.FAIL, 1)


def test_a_run_that_is_overtaken_while_it_reads_stops_and_answers_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(HUNDRED, HUNDRED)
    service = world.service
    read: list[str] = []

    def told(what: str) -> None:
        """A newer run begins as soon as this one has read something."""
        read.append(what)
        world.desk.ask(COMPARISON, comparison_stream("crimes"), Start(by="Bo"))

    monkeypatch.setattr(service, "told", told)
    with pytest.raises(Overtaken, match="run 1 was overtaken by run 2, which will answer"):
        service.run("crimes", by="Asha")
    assert read == ["source: 1 of 1 stretches read"]
    assert service.latest("crimes") is None


def test_a_source_that_was_to_be_frozen_and_was_not_is_told_beside_the_outcome(world: World) -> None:
    world.agree(source_frozen=True)
    world.write(HUNDRED, HUNDRED)
    said = notes(world.run(), world.contracts["crimes"])
    assert "no snapshot was taken at the freeze" in "".join(said)
    world.service.snapshot("crimes", "source", by="Asha")
    assert notes(world.run(), world.contracts["crimes"]) == ()
