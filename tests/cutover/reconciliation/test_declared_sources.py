"""A source whose database declares its types: what the contract says of them holds, and what does not fit is said."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from sqlalchemy import create_engine, text

from cutover.reconciliation.findings import Verdict
from tests.cutover.reconciliation.world import World


@pytest.fixture
def declared(world: World, postgres_url: str) -> Any:
    """A table whose columns PostgreSQL knows the types of; returns what executes SQL there."""
    engine = create_engine(postgres_url)

    def execute(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    execute(
        "CREATE TABLE crimes (crime_id bigint, reported_at timestamp, offence int, status text, surname text, value_gbp numeric(14,4), score float8, dob date)",
        "INSERT INTO crimes SELECT i, timestamp '2026-06-01 09:30:00.123456' + i * interval '1 s', i, 'open', nullif('F' || i % 3, 'F0'), i / 3.0, i / 7.0::float8, date '1970-01-01' + i FROM generate_series(1, 50) s(i)",
    )
    types = {"crime_id": "integer", "reported_at": "timestamp", "offence": "text", "status": "text", "surname": "text", "value_gbp": "decimal(14,4)", "score": "double", "dob": "date"}  # fmt: skip
    world.systems = {"old": postgres_url}
    world.agree(source={"system": "old", "table": "crimes"}, columns=types)
    with duckdb.connect(":memory:") as made:
        made.execute(f"""COPY (SELECT i AS crime_id, strftime(TIMESTAMP '2026-06-01 09:30:00.123456' + to_seconds(i), '%Y-%m-%d %H:%M:%S.%f') AS reported_at,
            i AS offence, 'open' AS status, nullif('F' || i % 3, 'F0') AS surname, round(i / 3.0, 4)::DECIMAL(14, 4) AS value_gbp, i / 7.0::DOUBLE AS score, DATE '1970-01-01' + i::INT AS dob
            FROM range(1, 51) t(i)) TO '{world.target}' (FORMAT csv, FORCE_QUOTE *)""")
    yield execute
    engine.dispose()


@pytest.mark.real
def test_what_postgresql_declares_and_the_contract_calls_text_stays_what_it_is(
    world: World, declared: Any
) -> None:
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["matched"]) == (Verdict.PASS, 50)
    declared("UPDATE crimes SET value_gbp = value_gbp + 0.0001 WHERE crime_id = 7")
    assert world.run().counts["changed"] == 1
    assert [cell[0] for cell in world.cells()] == ["value_gbp"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("odd", "kind"), [("dob = '0044-03-15 BC'", "wrong_type"), ("value_gbp = 'NaN'", "wrong_type")]
)
def test_a_value_that_the_engine_does_not_know_is_a_finding_and_no_end_of_reading(
    world: World, declared: Any, odd: str, kind: str
) -> None:
    declared(f"UPDATE crimes SET {odd} WHERE crime_id = 7")
    outcome = world.run()
    assert (outcome.verdict, outcome.counts["matched"], outcome.kinds) == (
        Verdict.FAIL,
        49,
        {kind: 1},
    )


@pytest.mark.real
def test_binary_that_postgresql_copies_out_is_no_text(world: World, declared: Any) -> None:
    declared("ALTER TABLE crimes ALTER status TYPE bytea USING '\\xab00'::bytea")
    outcome = world.run()
    assert "column 'status' of the source is BLOB, the contract says text" in str(outcome)
