"""What a driver hands over is in the file exactly as it was: of its type where it is of it, else as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cutover.core.errors import Invalid
from cutover.reconciliation import batches
from cutover.reconciliation.batches import land

SUMMER = timezone(timedelta(hours=1))
NOON = datetime(2026, 7, 1, 12, 0, 0, 123456)


def _landed(tmp_path: Path, values: Sequence[Any], type_: str) -> tuple[str, list[Any]]:
    """The type that one column of these values has in the file, and what it holds."""
    file = tmp_path / "t.parquet"
    rows = iter([[(i, value) for i, value in enumerate(values)], []])
    assert land(lambda _: next(rows), ("i", "c"), {"i": "integer", "c": type_}, file) == len(values)
    with duckdb.connect() as engine:
        [[_, kind, *_]] = engine.execute(f"DESCRIBE SELECT c FROM '{file}'").fetchall()
        return kind, [c for (c,) in engine.execute(f"SELECT c FROM '{file}' ORDER BY i").fetchall()]


@pytest.mark.parametrize(
    ("type_", "kind", "values"),
    [
        ("text", "VARCHAR", ["", None, "NULL", 'a "b", c\r\nd', "Łukasz", "e\u0301", "a\x00b", "😀" * 5000]),
        ("integer", "BIGINT", [2**63 - 1, -(2**63), None, 2**53 + 1, 0]),
        ("double", "DOUBLE", [0.1, 5e-324, -0.0, math.inf, -math.inf, None, 1e300]),
        ("decimal(38,10)", "DECIMAL(38,10)", [Decimal("1234567890123456789012345678.0123456789"), None, Decimal("-0.0000000001"), Decimal("0E-10")]),
        ("decimal(12,2)", "DECIMAL(12,2)", [Decimal("9999999999.99"), Decimal("1.50"), Decimal("1.5000"), Decimal("1E+3"), None]),
    ("timestamp", "TIMESTAMP", [NOON, datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), None]),
        ("date", "DATE", [date.min, date.max, date(1970, 1, 1), None]),
        ("boolean", "BOOLEAN", [True, False, None]),
    ],
)  # fmt: skip
def test_values_of_the_contracts_type_are_of_it_in_the_file(
    tmp_path: Path, type_: str, kind: str, values: list[Any]
) -> None:
    assert _landed(tmp_path, values, type_) == (kind, values)


def test_a_number_that_is_none_is_one_and_no_null(tmp_path: Path) -> None:
    kind, [value, nothing] = _landed(tmp_path, [math.nan, None], "double")
    assert (kind, math.isnan(value), nothing) == ("DOUBLE", True, None)


def test_a_time_with_a_zone_is_moved_to_utc_and_one_without_is_taken_as_it(tmp_path: Path) -> None:
    there = NOON.replace(tzinfo=SUMMER)
    assert _landed(tmp_path, [there, NOON.replace(tzinfo=UTC), NOON], "timestamp") == (
        "TIMESTAMP",
        [NOON - timedelta(hours=1), NOON, NOON],
    )


@pytest.mark.parametrize(
    ("type_", "values", "spelled"),
    [
        ("integer", [1, 2**63], ["1", "9223372036854775808"]),
        ("integer", [1, 7.0], ["1", "7.0"]),
        ("integer", [1, "007"], ["1", "007"]),
        ("integer", [True, None], ["True", None]),
        ("decimal(12,2)", [Decimal("1.505"), Decimal(2)], ["1.505", "2"]),
        ("decimal(4,2)", [Decimal("123.45")], ["123.45"]),
        ("decimal(12,2)", [Decimal("NaN"), Decimal("0E-7")], ["NaN", "0.0000000"]),
        ("decimal(12,2)", [0.1, None], ["0.1", None]),
        ("double", [0.5, math.inf, math.nan, "x"], ["0.5", "Infinity", "NaN", "x"]),
        ("date", [NOON], ["2026-07-01T12:00:00.123456"]),
        ("timestamp", [date(2026, 7, 1)], ["2026-07-01"]),
        ("text", [7, 7.5, NOON, "7"], ["7", "7.5", "2026-07-01T12:00:00.123456", "7"]),
    ],
)
def test_a_column_with_a_value_of_another_type_is_text_as_that_value_is_spelled(
    tmp_path: Path, type_: str, values: list[Any], spelled: list[str]
) -> None:
    assert _landed(tmp_path, values, type_) == ("VARCHAR", spelled)


def _in_batches(columns: Sequence[Sequence[Any]]) -> Iterator[list[tuple[Any, ...]]]:
    yield from (list(enumerate(one)) for one in columns)
    yield []


@pytest.mark.parametrize(
    ("type_", "first", "kind", "then"),
    [
        ("integer", [1, None], "VARCHAR", ["x"]),
        ("double", [math.nan, -math.inf, 0.1], "VARCHAR", ["x"]),
        ("timestamp", [NOON], "VARCHAR", ["2026-07-01T12:00:00.123456"]),
        ("integer", [None, None], "BIGINT", [7]),
        ("text", [None], "BLOB", [b"\x00\xff"]),
        ("integer", [None], "BIGINT", [None]),
    ],
)
def test_batches_of_one_column_that_differ_are_one_column(
    tmp_path: Path, type_: str, first: list[Any], kind: str, then: list[Any]
) -> None:
    given, file = _in_batches([first, then, first]), tmp_path / "t.parquet"
    land(lambda _: next(given), ("i", "c"), {"c": type_}, file)
    with duckdb.connect() as engine:
        [[_, found, *_]] = engine.execute(f"DESCRIBE SELECT c FROM '{file}'").fetchall()
        told = {str(c) for (c,) in engine.execute(f"SELECT c::VARCHAR FROM '{file}'").fetchall()}
    same = {"nan": "NaN", "-inf": "-Infinity", "2026-07-01 12:00:00.123456": "2026-07-01 12:00:00.123456"}
    expected = {same.get(str(v), str(v)) for v in first} | {
        r"\x00\xFF" if v == b"\x00\xff" else str(v) for v in then
    }
    assert (found, told) == (kind, expected)


@pytest.mark.parametrize("apart", [True, False])
def test_binary_values_beside_text_are_refused_by_the_columns_name(tmp_path: Path, apart: bool) -> None:
    given = _in_batches([[b"\xab"], ["ab"]] if apart else [[b"\xab", "ab"]])
    with pytest.raises(Invalid, match="'c' holds binary values beside others"):
        land(lambda _: next(given), ("i", "c"), {}, tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_half_a_character_is_refused_by_the_columns_name(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="'c' holds what is no text"):
        _landed(tmp_path, ["\ud800"], "text")


def test_an_empty_table_has_its_columns_and_no_rows(tmp_path: Path) -> None:
    assert _landed(tmp_path, [], "decimal(12,2)") == ("DECIMAL(12,2)", [])


def test_a_driver_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    file.write_bytes(b"as it was")

    def fetch(n: int) -> list[tuple[str]]:
        if n > 100:
            raise ConnectionResetError
        return [("a",)] * n

    with pytest.raises(ConnectionResetError):
        land(fetch, ("c",), {}, file)
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"as it was"]


def test_what_a_killed_process_had_written_is_written_anew(tmp_path: Path) -> None:
    left = tmp_path / "t.parquet.parts"
    left.mkdir()
    (left / "000000.parquet").write_bytes(b"half")
    assert _landed(tmp_path, ["a"], "text") == ("VARCHAR", ["a"])
    assert not left.exists()


def test_long_rows_are_fetched_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_BYTES", 1_000_000)
    asked: list[int] = []

    def fetch(n: int) -> list[tuple[str]]:
        asked.append(n)
        return [("x" * 100_000,)] * n if len(asked) < 4 else []

    land(fetch, ("c",), {}, tmp_path / "t.parquet")
    assert asked[0] == 100
    assert all(n < 10 for n in asked[1:])
