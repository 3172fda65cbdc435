"""Where rows come from: files, folders, databases; drift and unmapped codes are said before a record is compared."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Self

import duckdb
import pytest
from sqlalchemy import create_engine, text

from cutover.core.errors import Unavailable
from cutover.reconciliation import databases, sources
from cutover.reconciliation.contract import Place
from cutover.reconciliation.findings import Verdict
from cutover.reconciliation.sources import keep_table
from tests.cutover.reconciliation.world import (
    COLUMNS,
    World,
    contract,
    crime,
    write_csv,
    write_parquet,
)

HUNDRED = [crime(n) for n in range(100)]
ODD = [
    crime(1, surname=None),
    crime(2, surname=""),
    crime(3, surname='a "b", c\nd'),
    crime(4, surname="Łukasz"),
]


def _table(url: str, rows: list[Any]) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE crimes ({', '.join(c + ' text' for c in COLUMNS)})"))
        connection.execute(
            text(f"INSERT INTO crimes VALUES ({', '.join(':' + c for c in COLUMNS)})"),
            [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        )
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def test_a_table_of_a_database_is_a_side_and_null_and_empty_stay_apart(
    world: World, kind: str, request: pytest.FixtureRequest
) -> None:
    url = (
        f"sqlite:///{world.folder / 'old.db'}"
        if kind == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    _table(url, ODD)
    world.systems = {"old": url}
    world.agree(source={"system": "old", "table": "crimes", "high_water": "max(reported_at)"})
    write_csv(world.target, ODD)
    assert world.run().passed
    write_csv(world.target, [crime(1, surname=""), *ODD[1:]])
    assert world.run().kinds == {"null_empty": 1}


@pytest.mark.parametrize("moves", ["INSERT INTO t VALUES (9)", "UPDATE t SET n = 7"])
def test_a_table_that_moves_while_it_is_read_is_found_by_its_high_water_mark(
    tmp_path: Path, moves: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as db:
        db.executescript("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2);")
    whole = databases._fetched

    def fetched(*given: Any) -> int:
        rows = whole(*given)
        with sqlite3.connect(file) as db:
            db.execute(moves)
        return rows

    monkeypatch.setattr(databases, "_fetched", fetched)
    with pytest.raises(Unavailable, match="moved while it was being read"):
        databases.stream(
            Place(system="old", table="t", high_water="max(n)"),
            f"sqlite:///{file}",
            tmp_path / "s.parquet",
            {},
        )
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.real
def test_a_database_that_ends_half_way_through_is_an_error_and_leaves_no_file(
    world: World, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _table(postgres_url, [crime(n) for n in range(6000)])
    world.systems = {"old": postgres_url}
    world.agree(source={"system": "old", "table": "crimes"})
    write_csv(world.target, [])
    whole = Path.open

    class Cutting:
        """Ends every session of the database after the first block that is written."""

        def __init__(self, file: Any) -> None:
            self.file, self.is_cut = file, False

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None:
            self.file.close()

        def write(self, block: bytes) -> None:
            self.file.write(block)
            if self.is_cut:
                return
            self.is_cut = True
            engine = create_engine(postgres_url)
            with engine.connect() as connection:
                connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"))  # fmt: skip
            engine.dispose()

    def opened(path: Path, mode: str = "r", **other: Any) -> Any:
        file = whole(path, mode, **other)
        return Cutting(file) if mode == "wb" and path.suffix == ".partial" else file

    monkeypatch.setattr(Path, "open", opened)
    outcome = world.run()
    monkeypatch.undo()
    assert outcome.verdict is Verdict.ERROR
    assert "could not be read" in outcome.reasons[0]
    assert not list(world.folder.rglob("source.parquet*"))


def test_a_table_that_is_not_there_is_an_error(world: World) -> None:
    world.systems = {"old": f"sqlite:///{world.folder / 'old.db'}"}
    world.agree(source={"system": "old", "table": "crimes"})
    write_csv(world.target, HUNDRED)
    outcome = world.run()
    assert (outcome.verdict, "no such table" in outcome.reasons[0]) == (Verdict.ERROR, True)


def test_a_folder_of_parquet_files_and_a_duckdb_file_are_sides(world: World) -> None:
    write_csv(world.source, HUNDRED)
    parts, file = world.folder / "parts", world.folder / "new.duckdb"
    parts.mkdir()
    with duckdb.connect(str(file)) as db:
        db.execute(f"CREATE TABLE crimes AS FROM read_csv('{world.source}', all_varchar=true)")
        for n in (0, 1):
            db.execute(
                f"COPY (SELECT * FROM crimes WHERE crime_id[6:]::INT % 2 = {n}) TO '{parts / str(n)}.parquet'"
            )
    world.contracts = {"crimes": contract(parts, file, source={"path": str(parts), "format": "parquet"}, target={"path": str(file), "table": "crimes"})}  # fmt: skip
    outcome = world.run()
    assert (outcome.verdict, outcome.source.rows, outcome.target.rows) == (Verdict.PASS, 100, 100)


def test_codes_are_mapped_and_one_that_no_map_names_is_said(world: World) -> None:
    columns = contract("a.csv", "b.csv").model_dump()["columns"]
    world.agree(columns=columns | {"status": {"type": "text", "codes": {"O": "open"}}})
    world.write(
        [crime(1, status="O"), crime(2, status="O")], [crime(1, status="open"), crime(2, status="open")]
    )
    assert world.run().passed
    world.write(
        [crime(1, status="O"), crime(2, status="X")], [crime(1, status="open"), crime(2, status="open")]
    )
    outcome = world.run()
    assert outcome.kinds == {"code": 1}
    assert "code 'X' of 'status' is not in its map (1 rows)" in outcome.reasons


def test_a_column_may_be_an_expression_of_its_side(world: World) -> None:
    columns = contract("a.csv", "b.csv").model_dump()["columns"]
    local = "(reported_at::TIMESTAMP AT TIME ZONE 'Europe/London')::VARCHAR"
    world.agree(columns=columns | {"reported_at": {"type": "timestamp", "target_sql": local}})
    world.write([crime(1, reported_at="2026-06-01T09:30:00Z")], [crime(1, reported_at="2026-06-01 10:30:00")])
    assert world.run().passed


def test_a_file_that_changes_under_the_reading_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(HUNDRED, HUNDRED)
    seen = iter(["before", "before", "after"] * 3)
    monkeypatch.setattr(sources, "mark", lambda _: next(seen))
    outcome = world.run()
    assert (outcome.verdict, "moved while it was being read" in outcome.reasons[0]) == (Verdict.ERROR, True)


def test_a_table_that_writes_itself_is_a_side(world: World) -> None:
    write_csv(world.target, HUNDRED)
    with duckdb.connect() as db:
        table = db.sql(f"FROM read_csv('{world.target}', all_varchar=true) WHERE crime_id <> 'C00007'")
        file = keep_table(table, world.folder / "exports" / "new.parquet")
    write_csv(world.source, HUNDRED)
    world.agree(target={"path": str(file)})
    world.run()
    assert world.keys("missing") == ["C00007"]


def test_a_table_that_breaks_while_it_is_written_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "new.parquet"
    file.write_bytes(b"as it was")
    with duckdb.connect() as db, pytest.raises(duckdb.Error):
        keep_table(db.sql("SELECT error('the backend is gone') FROM range(3)"), file)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"as it was"]


@pytest.mark.filterwarnings("ignore")  # of the libraries that ibis brings
def test_an_ibis_table_is_a_side_and_null_and_empty_stay_apart(world: World) -> None:
    ibis = pytest.importorskip("ibis")
    _table(f"sqlite:///{world.folder / 'old.db'}", ODD)
    backend = ibis.sqlite.connect(world.folder / "old.db")
    file = keep_table(backend.table("crimes"), world.folder / "old.parquet")
    backend.disconnect()
    write_csv(world.target, ODD)
    world.agree(source={"path": str(file)})
    assert world.run().passed
    write_csv(world.target, [crime(1, surname=""), *ODD[1:]])
    assert world.run().kinds == {"null_empty": 1}


@pytest.mark.parametrize(
    ("second", "named"),
    [
        ("SELECT 2::BIGINT AS id, 7.6::DOUBLE AS n", "'n' of b.parquet is not as in a.parquet"),
        ("SELECT 2::BIGINT AS id, '7.6' AS n", "'n' of b.parquet is not as in a.parquet"),
        ("SELECT 2::BIGINT AS id, 8::BIGINT AS n, 'x' AS risk", "'risk' of b.parquet is not as in a.parquet"),
    ],
)
def test_a_folder_whose_files_have_other_columns_is_never_read_as_the_first_has_them(
    world: World, second: str, named: str
) -> None:
    folder = world.folder / "old"
    folder.mkdir()
    write_parquet(folder / "a.parquet", "SELECT 1::BIGINT AS id, 7::BIGINT AS n")
    write_parquet(folder / "b.parquet", second)
    new = write_parquet(
        world.folder / "new.parquet", "SELECT * FROM (VALUES (1::BIGINT, 7::BIGINT), (2, 8)) t(id, n)"
    )
    columns = {"id": "integer", "n": "integer"}
    world.agree(
        source={"path": str(folder), "format": "parquet"}, target={"path": str(new)},
        key="id", state=(), context=(), columns=columns,
    )  # fmt: skip
    outcome = world.run()
    assert outcome.verdict is Verdict.ERROR
    assert named in outcome.reasons[0]


SQLITE = "CREATE TABLE old (id integer, c); INSERT INTO old VALUES (1, x'616263'); CREATE TABLE new (id integer, c); INSERT INTO new VALUES (1, {})"


@pytest.mark.parametrize(
    ("new", "types", "verdict", "said"),
    [
        ("'616263'", "text", Verdict.INCONCLUSIVE, "'c' of the source is BLOB, the contract says text"),
        ("x'616263'", "text", Verdict.INCONCLUSIVE, "'c' of the target is BLOB, the contract says text"),
        ("x'616263'", {"type": "text", "source_sql": "hex(c)", "target_sql": "hex(c)"}, Verdict.PASS, ""),
        ("x'616264'", {"type": "text", "source_sql": "hex(c)", "target_sql": "hex(c)"}, Verdict.FAIL, "1 changed"),
    ],
)  # fmt: skip
def test_binary_never_agrees_with_text_that_spells_it(
    world: World, new: str, types: Any, verdict: Verdict, said: str
) -> None:
    with sqlite3.connect(world.folder / "old.db") as db:
        db.executescript(SQLITE.format(new))
    world.systems = {"one": f"sqlite:///{world.folder / 'old.db'}"}
    world.agree(
        source={"system": "one", "table": "old"}, target={"system": "one", "table": "new"},
        key="id", state=(), context=(), columns={"id": "integer", "c": types},
    )  # fmt: skip
    outcome = world.run()
    assert (outcome.verdict is verdict or "changed" in str(outcome), said in str(outcome)) == (True, True)
    assert outcome.passed is (verdict is Verdict.PASS)


def test_a_table_that_ends_before_its_end_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _table(f"sqlite:///{world.folder / 'old.db'}", HUNDRED)
    world.systems = {"old": f"sqlite:///{world.folder / 'old.db'}"}
    world.agree(source={"system": "old", "table": "crimes"})
    write_csv(world.target, HUNDRED)
    whole = databases.land

    def cut(fetch: Any, *given: Any) -> int:
        return whole(lambda n: fetch(n)[:40], *given)

    monkeypatch.setattr(databases, "land", cut)
    outcome = world.run()
    assert (outcome.verdict, "40 of its 100 rows were read" in str(outcome)) == (Verdict.ERROR, True)


def test_a_database_that_fails_half_way_is_an_error_and_leaves_no_file(world: World) -> None:
    """SQLite reads a row that is no UTF-8 only when it comes to it."""
    file = world.folder / "old.db"
    _table(f"sqlite:///{file}", [crime(n) for n in range(20_000)])
    with sqlite3.connect(file) as db:
        db.execute("UPDATE crimes SET surname = CAST(x'ff' AS TEXT) WHERE crime_id = 'C19999'")
    world.systems = {"old": f"sqlite:///{file}"}
    world.agree(source={"system": "old", "table": "crimes"})
    write_csv(world.target, HUNDRED)
    outcome = world.run()
    assert (outcome.verdict, "could not be read" in str(outcome)) == (Verdict.ERROR, True)
    assert not list(world.folder.rglob("source.parquet*"))


@pytest.mark.real
def test_a_table_of_which_a_policy_hides_rows_from_the_account_is_an_error(
    world: World, postgres_url: str
) -> None:
    _table(postgres_url, HUNDRED)
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (
            "DROP ROLE IF EXISTS migrator",
            "CREATE ROLE migrator LOGIN PASSWORD 'm'",
            "GRANT SELECT ON crimes TO migrator",
            "ALTER TABLE crimes ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY seen ON crimes USING (status <> 'closed')",
        ):
            connection.execute(text(statement))
        url = engine.url.set(username="migrator", password="m")
        world.systems = {"old": url.render_as_string(hide_password=False)}
        world.agree(source={"system": "old", "table": "crimes"})
        write_csv(world.target, [one for one in HUNDRED if one[3] != "closed"])
        outcome = world.run()
        connection.execute(text("DROP OWNED BY migrator"))
        connection.execute(text("DROP ROLE migrator"))
    engine.dispose()
    assert outcome.verdict is Verdict.ERROR
    assert "row-level security" in outcome.reasons[0]


def test_lines_that_end_in_two_ways_are_told_by_their_number(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    lines = world.source.read_bytes().splitlines()
    world.source.write_bytes(b"\r\n".join(lines[:50]) + b"\n" + b"\r\n".join(lines[50:]) + b"\r\n")
    outcome = world.run()
    assert outcome.verdict is Verdict.ERROR
    assert "line 50 ends in LF, the first in CRLF" in str(outcome)


def test_a_line_end_within_quotes_is_not_told_as_why_a_file_cannot_be_read(world: World) -> None:
    world.write(HUNDRED, HUNDRED)
    lines = world.source.read_bytes().splitlines()
    lines[3] = lines[3].replace(b'"open"', b'"op\nen"')
    world.source.write_bytes(b"\r\n".join([*lines, b'"no more than this"', b""]))
    outcome = world.run()
    assert outcome.verdict is Verdict.ERROR
    assert "line end" not in str(outcome)


@pytest.mark.parametrize(
    ("held", "type_", "said"),
    [
        ("DOUBLE", "integer", "column 'n' of the target is DOUBLE, the contract says integer"),
        ("DOUBLE", "decimal(18,2)", "column 'n' of the target is DOUBLE, the contract says decimal(18,2)"),
        ("FLOAT", "decimal(12,2)", "column 'n' of the target is FLOAT, the contract says decimal(12,2)"),
        ("DOUBLE", "decimal(12,2)", ""),
    ],
)
def test_exact_numbers_in_a_float_too_narrow_for_them_are_a_drift_and_no_pass(
    world: World, held: str, type_: str, said: str
) -> None:
    """2^53 + 1 became 2^53 on its way into the float, on both sides alike to whoever asks afterwards."""
    exact = "BIGINT" if type_ == "integer" else type_.upper()
    number = 9_007_199_254_740_992 if type_ in ("integer", "decimal(18,2)") else 1
    old = write_parquet(world.folder / "a.parquet", f"SELECT 1::BIGINT AS id, {number}::{exact} AS n")
    new = write_parquet(world.folder / "b.parquet", f"SELECT 1::BIGINT AS id, {number}::{held} AS n")
    world.agree(
        source={"path": str(old)}, target={"path": str(new)},
        key="id", state=(), context=(), columns={"id": "integer", "n": type_},
    )  # fmt: skip
    outcome = world.run()
    assert (outcome.passed, said in str(outcome)) == (not said, True)
