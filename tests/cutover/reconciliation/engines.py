"""One planted world for every engine: what each must find, and both sides laid down where it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import create_engine, text

from tests.cutover.reconciliation.world import World, write_csv

NAMES = ("crime_id", "no", "reported_at", "day", "offence", "status", "surname", "value_gbp", "score", "officer_id", "live")  # fmt: skip
COLUMNS: dict[str, Any] = {
    "crime_id": "text", "no": "integer",
    "officer_id": "integer",  # beside it: a NULL that changes places between the two is hidden from a hash that passes over NULLs
    "reported_at": "timestamp", "day": "date", "offence": {"type": "text", "codes": {"B": "burglary", "T": "theft"}},
    "status": "text", "surname": {"type": "text", "rules": ["unicode_form"]}, "value_gbp": "decimal(12,2)", "score": "double", "live": "boolean",
}  # fmt: skip
OFFICERS = ("officer_id", "name")
Line = tuple[str | None, ...]
_TYPED = "crime_id, no::INTEGER AS no, reported_at::TIMESTAMPTZ AS reported_at, {day} AS day, offence, status, surname, value_gbp::{value} AS value_gbp, score::DOUBLE AS score, officer_id::BIGINT AS officer_id, live::BOOLEAN AS live"  # fmt: skip


def crime(n: int, side: str, **other: str | None) -> Line:
    """One record, each value as both sides agree on it."""
    offence = ("B", "T")[n % 2] if side == "source" else ("burglary", "theft")[n % 2]
    usual: dict[str, str | None] = {
        "crime_id": f"C{n:04}", "no": str(n % 7), "reported_at": f"2026-03-{1 + n % 28:02} 08:30:00.{n:06}+00", "day": f"2026-02-{1 + n % 28:02}",
        "offence": offence, "status": "open" if n % 5 else "closed", "surname": ("Müller", "Łukasz", None)[n % 3], "value_gbp": f"{n}.50",
        "score": str(n / 7), "officer_id": str(n % 4), "live": ("true", "false")[n % 2],
    }  # fmt: skip
    return tuple((usual | other).values())


def planted() -> tuple[list[Line], list[Line]]:
    """Both sides: every kind of finding, a NULL that changed places, copies, records without a key."""
    changed: dict[int, tuple[dict[str, str | None], dict[str, str | None]]] = {
        1: ({"surname": "Smith"}, {"surname": "Smith "}),
        2: ({"surname": "Zo\u00eb"}, {"surname": "Zoe\u0308"}),
        3: ({"surname": "Jos\u00e9"}, {"surname": "JosÃ©"}),
        4: ({"surname": None}, {"surname": ""}),
        5: ({"surname": "007"}, {"surname": "7"}),
        6: ({"reported_at": "2026-06-01 09:30:00+00"}, {"reported_at": "2026-06-01 10:30:00+00"}),
        7: ({"value_gbp": "12.34"}, {"value_gbp": "12.30"}),
        8: ({"score": "0.1"}, {"score": "0.10000000000000002"}),
        9: ({"no": "3", "officer_id": None}, {"no": None, "officer_id": "3"}),  # a NULL that changed places
        10: ({"offence": "X"}, {"offence": "X"}),
        11: ({"surname": "Smith"}, {"surname": "smith"}),
        12: ({"surname": "Smithson"}, {"surname": "Smit"}),
        13: ({"day": "2026-02-28"}, {"day": "2026-30-02"}),
        14: ({"live": "true"}, {"live": None}),
    }
    source = [crime(n, "source", **changed.get(n, ({}, {}))[0]) for n in range(200)]
    target = [crime(n, "target", **changed.get(n, ({}, {}))[1]) for n in range(200) if not 40 <= n < 52]
    source += [crime(60, "source"), crime(0, "source", crime_id=None), crime(900, "source", status="test")]
    target += [
        crime(300, "target"), crime(301, "target"), crime(60, "target"), crime(61, "target"), crime(62, "target", surname="Other"),
        crime(0, "target", crime_id=None), crime(302, "target", officer_id="77"),
    ]  # fmt: skip
    return source, target


def officers() -> list[Line]:
    return [(str(n), f"Officer {n}") for n in range(4)]


FOUND = {
    "matched": 175, "changed": 13, "missing": 12, "extra": 3, "duplicate_source": 1, "duplicate_target": 3, "null_key": 2, "orphan": 1,
}  # fmt: skip


def agree(world: World, places: dict[str, Any], **other: Any) -> None:
    """The contract and that of the officers it points at; `places` has `source`, `target`, `officers`."""
    from tests.cutover.reconciliation.world import contract

    crimes = contract(
        "-.csv", "-.csv", columns=COLUMNS, context=["surname"], source=places["source"], target=places["target"],
        references=[{"columns": "officer_id", "contract": "officers"}],
        exclusions=[{"name": "tests", "where": "status = 'test'", "reason": "made for training", "signed_by": "Chen", "side": "source"}], **other,
    )  # fmt: skip
    parents = contract(
        "-.csv", "-.csv", id="officers", entity="officer", key="officer_id", state=[], context=[],
        columns={"officer_id": "integer", "name": "text"}, source=places["officers"], target=places["officers"],
    )  # fmt: skip
    world.contracts = {"crimes": crimes, "officers": parents}


def as_parquet(folder: Path, source: Sequence[Line], target: Sequence[Line]) -> dict[str, Any]:
    """Typed on each side as migrations have it: the target's decimal is wider, its day is a text."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        for side, rows, names, typed in (
            ("source", source, NAMES, _TYPED.format(day="day::DATE", value="DECIMAL(12,2)")),
            ("target", target, NAMES, _TYPED.format(day="day", value="DECIMAL(14,4)")),
            ("officers", officers(), OFFICERS, "officer_id::BIGINT AS officer_id, name"),
        ):
            csv = write_csv(folder / f"{side}_laid.csv", rows, names)
            db.execute(f"COPY (SELECT {typed} FROM read_csv('{csv}', all_varchar=true, nullstr='', allow_quoted_nulls=false)) TO '{folder / side}.parquet'")  # fmt: skip
    return {name: {"path": str(folder / f"{name}.parquet")} for name in ("source", "target", "officers")}


def as_tables(url: str, source: Sequence[Line], target: Sequence[Line]) -> dict[str, Any]:
    """The same as tables of a PostgreSQL, in its own types; names of people are compared by a collation that ignores case."""
    types = "crime_id varchar(10), no integer, reported_at timestamptz, day {day}, offence text, status text, surname {surname}, value_gbp {value}, score double precision, officer_id bigint, live boolean"  # fmt: skip
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"))  # fmt: skip
        surname = "text COLLATE anycase"
        db.execute(text(f"CREATE TABLE source ({types.format(day='date', value='numeric(12,2)', surname=surname)})"))  # fmt: skip
        db.execute(text(f"CREATE TABLE target ({types.format(day='text', value='numeric(14,4)', surname=surname)})"))  # fmt: skip
        db.execute(text("CREATE TABLE officers (officer_id bigint, name text)"))
        for table, rows, names in (
            ("source", source, NAMES),
            ("target", target, NAMES),
            ("officers", officers(), OFFICERS),
        ):
            cursor = db.connection.cursor()
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            assert len(names) == len(row)
    engine.dispose()
    return {name: {"system": "new", "table": name} for name in ("source", "target", "officers")}
