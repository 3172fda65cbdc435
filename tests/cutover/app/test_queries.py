"""Queries are asked read-only and in bounded time, again when their answer is old, and are never green by default."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cutover.app.queries import Queries, load_queries
from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from cutover.domain.gates import Finding
from cutover.domain.query import Query
from runbooks.actions import Secrets
from runbooks.service import Reading
from tests.cutover.domain.test_query import query


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody's database of defects, with two open."""
    db = sqlite3.connect(tmp_path / "tracker.db", isolation_level=None)
    db.execute("CREATE TABLE defects (id INTEGER, state TEXT)")
    db.executemany("INSERT INTO defects VALUES (?, 'open')", [(1,), (2,)])
    yield db
    db.close()


@pytest.fixture
def ask(tmp_path: Path, clock: FixedClock) -> Any:
    """`ask(query)` as a gate would, with the secret that opens the tracker."""
    secrets = Secrets({"CUTOVER_SECRET_TRACKER": f"sqlite:///{tmp_path / 'tracker.db'}"})
    declared: dict[str, Query] = {}
    queries = Queries(lambda: declared, secrets, clock)

    def read(**more: Any) -> Reading:
        declared["defects"] = query(**more)
        return queries.read("defects")

    return read


def test_it_is_met_by_its_answer_with_who_answers_for_it_and_when_it_was_asked(
    tracker: sqlite3.Connection, ask: Any, clock: FixedClock
) -> None:
    seen = ask(expect="<= 2")
    assert (seen.finding, seen.seen_at) == (Finding.MET, clock.now())
    assert seen.detail == "Open defects (petra answers for it): answered 2, expected <= 2"


def test_an_answer_is_asked_again_when_it_is_old(
    tracker: sqlite3.Connection, ask: Any, clock: FixedClock
) -> None:
    assert ask().finding is Finding.NOT_MET
    tracker.execute("DELETE FROM defects")
    clock.advance(timedelta(seconds=59))
    assert ask().finding is Finding.NOT_MET
    clock.advance(timedelta(seconds=1))
    assert ask().finding is Finding.MET


@pytest.mark.parametrize(
    "more",
    [
        {"sql": "SELECT count(*) FROM nothing"},
        {"database": "elsewhere"},
        {"sql": "SELECT state FROM defects"},
    ],
)
def test_what_cannot_be_asked_or_read_is_an_error(tracker: sqlite3.Connection, ask: Any, more: Any) -> None:
    assert ask(**more).finding is Finding.ERROR


def test_nothing_is_written_and_no_secret_is_shown(
    tracker: sqlite3.Connection, ask: Any, tmp_path: Path
) -> None:
    writes = "WITH x AS (SELECT 1) INSERT INTO defects SELECT 3, 'open' FROM x"
    seen = ask(sql=writes)
    assert seen.finding is Finding.ERROR
    assert tracker.execute("SELECT count(*) FROM defects").fetchone() == (2,)
    assert str(tmp_path) not in ask(sql="SELECT * FROM nowhere").detail


def test_a_query_that_does_not_end_is_given_up(tracker: sqlite3.Connection, ask: Any) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    seen = ask(sql=endless, timeout="0.02s")
    assert seen.finding is Finding.ERROR
    assert "interrupted" in seen.detail


def test_a_name_that_nothing_bears_is_an_error(clock: FixedClock) -> None:
    seen = Queries(dict, Secrets(), clock).read("defcts")
    assert seen.finding is Finding.ERROR


@pytest.mark.real
def test_on_postgresql_it_reads_and_cannot_write(postgres_url: str, clock: FixedClock) -> None:
    declared = {
        "reads": query(id="reads", sql="SELECT count(*) FROM journal", expect="== 0"),
        "writes": query(
            id="writes", sql="WITH x AS (DELETE FROM journal RETURNING 1) SELECT count(*) FROM x"
        ),
        "sleeps": query(id="sleeps", sql="SELECT pg_sleep(60)", timeout="0.05s"),
    }
    secrets = Secrets(
        {"CUTOVER_SECRET_TRACKER": postgres_url.replace("postgresql://", "postgresql+psycopg://")}
    )
    queries = Queries(lambda: declared, secrets, clock)
    found = {name: queries.read(name) for name in declared}
    assert found["reads"].finding is Finding.MET
    assert (found["writes"].finding, found["sleeps"].finding) == (Finding.ERROR, Finding.ERROR)
    assert "read-only transaction" in found["writes"].detail
    assert "statement timeout" in found["sleeps"].detail


def test_every_fault_of_the_files_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "{id: a, title: A, owner: x, database: d, sql: DROP TABLE x, expect: none}"
    )
    (tmp_path / "b.yaml").write_text("{id: b, title: B, database: d, sql: SELECT 1, expect: none}")
    with pytest.raises(Invalid) as told:
        load_queries(tmp_path)
    assert "only a statement that reads" in str(told.value)
    assert "owner" in str(told.value)
