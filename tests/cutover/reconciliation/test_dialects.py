"""One skeleton, each engine's words: what is written for those that no test runs is at least theirs to parse."""

from __future__ import annotations

import pytest
import sqlglot

from cutover.core.errors import Invalid, NotFound, Unavailable
from cutover.reconciliation import dialects
from cutover.reconciliation.dialects import DIALECTS, dialect, translate, type_name
from tests.cutover.reconciliation.engines import agree
from tests.cutover.reconciliation.world import World


@pytest.mark.parametrize("spoken", DIALECTS)
def test_every_statement_is_one_of_its_engine_and_has_none_of_the_skeleton_s_words(
    world: World, spoken: str
) -> None:
    agree(world, {"source": {"system": "old", "table": "reg.crimes"}, "target": {"system": "new", "table": "crimes"}, "officers": {"path": "o.csv"}})  # fmt: skip
    asked = world.service.sql("crimes", spoken)
    assert len(asked) == 8
    for statement in asked:
        assert sqlglot.parse_one(statement, read=DIALECTS[spoken].sql)
        assert not {word for word in ("ROWHASH", "ASTEXT", "PADDED", "SPELLED") if word in statement}


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("duckdb", "HASH(a, b)"),
        ("postgres", "HASH_RECORD_EXTENDED(ROW(a, b), 0)"),
        ("spark", "XXHASH64(a IS NULL, a, b IS NULL, b)"),
        ("bigquery", "FARM_FINGERPRINT(TO_JSON_STRING(STRUCT(a, b)))"),
        ("snowflake", "HASH(a, b)"),
    ],
)
def test_a_row_hash_takes_nulls_and_places_into_account(engine: str, said: str) -> None:
    assert (
        " ".join(translate("SELECT ROWHASH(a, b)", DIALECTS[engine]).split()).upper()
        == f"SELECT {said}".upper()
    )


@pytest.mark.parametrize(
    ("engine", "physical", "called"),
    [
        ("postgres", "character varying(10)", "VARCHAR"),
        ("postgres", "character(3)", "CHAR"),
        ("postgres", "numeric(12,2)", "DECIMAL(12,2)"),
        ("postgres", "timestamp with time zone", "TIMESTAMPTZ"),
        ("postgres", "real", "REAL"),
        ("spark", "string", "VARCHAR"),
        ("spark", "int", "INTEGER"),
        ("spark", "decimal(14,4)", "DECIMAL(14,4)"),
        ("spark", "timestamp_ntz", "TIMESTAMP"),
    ],
)
def test_a_type_is_called_what_the_embedded_engine_calls_it(engine: str, physical: str, called: str) -> None:
    assert type_name(physical, DIALECTS[engine]) == called


def test_an_expression_that_does_not_translate_is_an_error_naming_the_engine() -> None:
    with pytest.raises(Invalid, match="cannot be put into the words of spark"):
        translate("SELECT (a", DIALECTS["spark"])


def test_without_the_extra_the_line_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialects, "sqlglot", None)
    with pytest.raises(Unavailable, match=r"cutover-golive\[scale\]"):
        dialect("spark")
    with pytest.raises(NotFound, match="engine"):
        dialect("oracle")
