"""What a contract file says, and what is wrong with one that does not say it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.core.errors import Invalid
from cutover.reconciliation.contract import Rule, by_id, load_contracts
from cutover.reconciliation.sides import Side
from tests.cutover.reconciliation.world import World, contract, write_csv

CRIMES = """\
id: crimes
title: Every crime
entity: crime
source: {system: legacy_records, path: /register/crimes.csv}
target: {path: exports/crimes.parquet}
source_frozen: true
key: crime_id
state: status
columns:
  crime_id: text
  status: {type: text, target: state, rules: [whitespace]}
  value_gbp: decimal(12, 2)
exclusions:
  - {name: tests, where: "status = 'TEST'", reason: training records, signed_by: Chen}
"""


def _folder(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "reconciliation"
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_file_is_a_contract_whose_files_are_found_from_the_programme(tmp_path: Path) -> None:
    found = load_contracts(_folder(tmp_path, crimes=CRIMES))["crimes"]
    assert found.target.path == str(tmp_path / "exports/crimes.parquet")
    assert found.source.path == "/register/crimes.csv"
    assert found.columns["status"].named(Side.TARGET, "status") == "state"
    assert found.columns["status"].rules == (Rule.WHITESPACE,)
    assert found.columns["value_gbp"].type == "decimal(12,2)"
    assert found.key == ("crime_id",)


def test_the_rule_rounding_says_to_how_many_places(tmp_path: Path) -> None:
    amount = "{type: 'decimal(14,4)', rules: [rounding]}"
    with pytest.raises(Invalid, match="places"):
        load_contracts(_folder(tmp_path, crimes=CRIMES.replace("decimal(12, 2)", amount)))


def test_rules_are_off_unless_named() -> None:
    assert all(not column.rules for column in contract("a.csv", "b.csv").columns.values())


def test_all_files_problems_are_named_at_once_by_line_field_and_nearest_name(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        first=CRIMES.replace("key: crime_id", "key: crime_idd"),
        second=CRIMES.replace("source_frozen", "source_frozn").replace(
            "value_gbp: decimal(12, 2)", "value_gbp: money"
        ),
    )
    with pytest.raises(Invalid) as caught:
        load_contracts(folder)
    said = str(caught.value)
    assert "did you mean 'crime_id'?" in said
    assert "second.yaml:6: source_frozn" in said
    assert "did you mean 'source_frozen'?" in said
    assert "'money' is not a contract type" in said


def test_two_files_may_not_define_one_contract(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="defined twice"):
        load_contracts(_folder(tmp_path, a=CRIMES, b=CRIMES))


@pytest.mark.parametrize("where", ["status = = 1", "true) ; DROP TABLE odd; SELECT (1"])
def test_an_exclusion_is_one_predicate(where: str) -> None:
    with pytest.raises(ValidationError, match="predicate"):
        contract(
            "a.csv", "b.csv", exclusions=[{"name": "x", "where": where, "reason": "r", "signed_by": "Chen"}]
        )


def test_an_unsigned_exclusion_is_refused() -> None:
    with pytest.raises(ValidationError, match="signed_by"):
        contract(
            "a.csv", "b.csv", exclusions=[{"name": "x", "where": "true", "reason": "r", "signed_by": ""}]
        )


@pytest.mark.parametrize("wrong", ["decimal(2,3)", "decimal(39,2)", "float", ""])
def test_a_type_outside_the_list_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="not a contract type"):
        contract("a.csv", "b.csv", columns={"crime_id": wrong, "status": "text", "offence": "text"})


def test_mojibake_can_not_be_declared_equivalent() -> None:
    with pytest.raises(ValidationError, match="rules"):
        contract("a.csv", "b.csv", columns={"crime_id": {"type": "text", "rules": ["mojibake"]}})


def test_a_place_tells_its_format() -> None:
    assert contract("a.csv", "b.parquet").target.kind == "parquet"
    with pytest.raises(ValidationError, match="does not tell its format"):
        contract("a.txt", "b.csv")


def test_where_a_side_lies_does_not_change_what_a_row_hash_means() -> None:
    assert contract("a.csv", "b.csv").digest() == contract("c.csv", "d.csv").digest()
    assert contract("a.csv", "b.csv").digest() != contract("a.csv", "b.csv", state=[]).digest()


def test_contracts_built_in_python_are_known_by_their_id() -> None:
    assert list(by_id([contract("a.csv", "b.csv")])) == ["crimes"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exclusions": [{"name": "x", "where": "statuz = 'a'", "reason": "r", "signed_by": "s"}]}, 'Referenced column "statuz" not found'),
        ({"exclusions": [{"name": "x", "where": "reported_at > 7", "reason": "r", "signed_by": "s"}]}, "says nothing of the columns"),
        ({"accepted": [{"class": "missng", "keys": ["C1"], "reason": "r", "signed_by": "s", "expires": "2027-01-01"}]}, "'missing'"),
        ({"accepted": [{"class": "missing", "keys": [["C1", "C2"]], "reason": "r", "signed_by": "s", "expires": "2027-01-01"}]}, "is no key; expected its parts in the order crime_id"),
    ],
)  # fmt: skip
def test_an_exception_that_could_never_hold_is_refused_where_it_stands(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        contract("a.csv", "b.csv", **change)


@pytest.mark.parametrize(
    ("columns", "engine", "said"),
    [
        (("crime_id", "b"), "embedded", "'b' is a word of the comparison itself"),
        (("crime_id", "KH"), "embedded", "'KH' is a word of the comparison itself"),
        (("crime_id", "agrees"), "spark", "'agrees' is a word of the comparison itself"),
        (("crime_id", "beat", "Beat"), "embedded", "'beat' and 'Beat' differ in capitals only"),
    ],
)
def test_a_column_that_the_comparison_could_not_tell_from_its_own_is_refused(
    columns: tuple[str, ...], engine: str, said: str
) -> None:
    usual = {"state": [], "context": [], "columns": dict.fromkeys(columns, "text"), "engine": engine}
    with pytest.raises(ValidationError, match=re.escape(said)):
        contract("a.csv", "b.csv", **usual)


@pytest.mark.parametrize("name", ["state", "slice", "keyless", "class", "side", "key", "n", "cells", "copies", "rule"])  # fmt: skip
def test_a_column_may_be_called_what_a_finding_has_too(world: World, name: str) -> None:
    columns = {"crime_id": "text", name: "text"}
    world.agree(columns=columns, state=[name], context=[name])
    write_csv(world.source, [("C1", "a"), ("C2", "a"), ("C3", "b")], ("crime_id", name))
    write_csv(world.target, [("C1", "a"), ("C2", "b")], ("crime_id", name))
    outcome = world.run()
    assert (outcome.counts["changed"], world.keys("missing")) == (1, ["C3"]), outcome.reasons
    assert world.service.export("crimes", world.folder / "out.csv") == 2


@pytest.mark.parametrize(
    ("references", "said"),
    [
        (
            "{columns: officer, contract: officerz}",
            "no contract is named 'officerz'; did you mean 'officers'?",
        ),
        ("{columns: [officer, crime_id], contract: officers}", "expected 1 columns, for its key officer"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_fault_of_its_file(
    tmp_path: Path, references: str, said: str
) -> None:
    folder = tmp_path / "reconciliation"
    folder.mkdir()
    usual = "{{id: {0}, title: T, entity: e, source: {{path: a.csv}}, target: {{path: b.csv}}, key: {1}, columns: {{crime_id: text, officer: integer}}"
    (folder / "crimes.yaml").write_text(
        usual.format("crimes", "crime_id") + f", references: [{references}]}}"
    )
    (folder / "officers.yaml").write_text(usual.format("officers", "officer") + "}")
    with pytest.raises(Invalid, match=re.escape(said)) as refused:
        load_contracts(folder)
    assert "crimes.yaml: references.1" in str(refused.value)
