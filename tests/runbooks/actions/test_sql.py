"""Statements in one transaction of SQLite and of a real PostgreSQL: bound, all or nothing, once with a ledger, ended in time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid
from runbooks.actions import Outcome, Secrets, TransientError
from runbooks.actions.sql import SqlAction
from runbooks.domain.plan import Effect
from tests.conftest import START
from tests.runbooks.actions.calling import KEY, perform, settle, tried

HOSTILE = "x'); DROP TABLE officers; --"


@pytest.fixture
def secrets(any_engine: Engine) -> Secrets:
    with any_engine.begin() as connection:
        connection.execute(text("CREATE TABLE officers (id INTEGER PRIMARY KEY, name TEXT)"))
        connection.execute(text("CREATE TABLE effects (key TEXT PRIMARY KEY)"))
        connection.execute(text("INSERT INTO officers VALUES (1, 'Asha'), (2, 'Bo')"))
    return Secrets({"CUTOVER_SECRET_OLD_DB": any_engine.url.render_as_string(hide_password=False)})


@pytest.fixture
def sql(secrets: Secrets) -> SqlAction:
    return SqlAction(secrets, FixedClock(START))


def names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT name FROM officers ORDER BY id")).scalars())


def given(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"database": "old_db", "statements": list(statements), **more}


def insert(number: int, name: str) -> dict[str, Any]:
    return {"sql": "INSERT INTO officers VALUES (:id, :name)", "values": {"id": number, "name": name}}


def test_a_value_is_bound_whatever_it_holds_and_rows_are_counted(
    sql: SqlAction, secrets: Secrets, any_engine: Engine
) -> None:
    update = {"sql": "UPDATE officers SET name = name || '!' WHERE id < :n", "values": {"n": 3}}
    outcome = perform(sql, secrets, **given(update, insert(3, HOSTILE)))
    assert (outcome.ok, outcome.evidence, outcome.result["rows"]) == (True, "2, 1 rows", [2, 1])
    assert names(any_engine) == ["Asha!", "Bo!", HOSTILE]


def test_all_statements_happen_or_none(sql: SqlAction, secrets: Secrets, any_engine: Engine) -> None:
    with pytest.raises(Invalid, match="the database refused it"):
        perform(sql, secrets, **given(insert(3, "Chen"), insert(1, "twice")))
    assert names(any_engine) == ["Asha", "Bo"]


def test_the_first_row_of_a_query_is_evidence(sql: SqlAction, secrets: Secrets) -> None:
    outcome = perform(
        sql, secrets, **given({"sql": "SELECT count(*) AS officers, min(name) AS first FROM officers"})
    )
    assert outcome.evidence == "officers=2, first=Asha"
    assert dict(outcome.result) == {"rows": [], "officers": 2, "first": "Asha"}


def test_with_a_ledger_the_effect_happens_once_however_often_it_is_asked_for(
    sql: SqlAction, secrets: Secrets, any_engine: Engine
) -> None:
    asked = given({"sql": "UPDATE officers SET name = name || '!'"}, ledger="effects")
    assert settle(sql, secrets, **asked) is None
    assert perform(sql, secrets, **asked).evidence == "2 rows"
    assert perform(sql, secrets, **asked).evidence == "effects holds the key already: it was done before"
    assert names(any_engine) == ["Asha!", "Bo!"]
    assert settle(sql, secrets, **asked) == Outcome(ok=True, evidence="effects holds the key")
    assert settle(sql, secrets, "another-key", **asked) is None


def test_a_key_is_not_kept_of_what_was_rolled_back(sql: SqlAction, secrets: Secrets) -> None:
    asked = given(insert(1, "twice"), ledger="effects")
    with pytest.raises(Invalid):
        perform(sql, secrets, **asked)
    assert settle(sql, secrets, **asked) is None


def test_a_declared_probe_asks_with_the_key(sql: SqlAction, secrets: Secrets) -> None:
    probe = {"sql": "SELECT 1 FROM effects WHERE key = :cutover_key"}
    asked = given({"sql": "INSERT INTO effects VALUES (:cutover_key)"}, probe=probe)
    assert settle(sql, secrets, **asked) is None
    perform(sql, secrets, **asked)
    assert settle(sql, secrets, **asked) == Outcome(ok=True, evidence="the probe found 1")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (given({"sql": "DELETE FROM officers WHERE name = '{{ name }}'"}), "sql: is not filled in"),
        (given({"sql": "SELECT :who"}), "no value for :who"),
        (given(), "statements: list should have at least 1"),
        (given({"sql": "SELECT 1"}, ledger="x; DROP TABLE y"), "ledger: string should match"),
        (
            {"database": "postgresql://me:pw@db/x", "statements": [{"sql": "SELECT 1"}]},
            "never the secret itself",
        ),
        (given({"sql": "SELECT * FROM nowhere"}), "the database refused it"),
    ],
)
def test_what_cannot_be_performed_is_refused_by_name(
    sql: SqlAction, secrets: Secrets, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        perform(sql, secrets, **asked)
    assert "me:pw" not in str(refused.value)


def test_a_query_that_never_ends_is_stopped_at_the_server(
    sql: SqlAction, secrets: Secrets, any_engine: Engine
) -> None:
    """And nothing of it stays: the next to come finds no lock."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    asked = given({"sql": "UPDATE officers SET name = 'gone'"}, {"sql": endless})
    outcome = tried("sql", sql, asked, secrets, timeout="0.5s", effect=Effect.MANUAL_VERIFY)
    assert (outcome.evidence, outcome.certain) == ("no end within 0.5s", False)
    assert names(any_engine) == ["Asha", "Bo"]
    assert perform(sql, secrets, **given(insert(3, "Chen"))).ok


def test_a_great_answer_is_not_held_in_memory(sql: SqlAction, secrets: Secrets) -> None:
    wide = "SELECT x, x AS y FROM (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000000) SELECT x FROM n) AS t"
    outcome = perform(sql, secrets, **given({"sql": wide}))
    assert outcome.evidence == "x=1, y=1"


def test_a_database_that_is_away_leaves_it_open() -> None:
    secrets = Secrets({"CUTOVER_SECRET_OLD_DB": "postgresql://me:pass-w0rd@127.0.0.1:1/x"})
    with pytest.raises(TransientError, match="the database is away") as away:
        perform(SqlAction(secrets, FixedClock(START)), secrets, **given({"sql": "SELECT 1"}))
    assert "pass-w0rd" not in str(away.value)


@pytest.mark.parametrize("url", ["no url at all", "nosuch://x/y", "mysql+nodriver://a:hidden-pw@b/c"])
def test_a_secret_that_opens_no_database_is_named_and_not_shown(url: str) -> None:
    secrets = Secrets({"CUTOVER_SECRET_OLD_DB": url})
    with pytest.raises(Invalid, match="the secret 'old_db' opens no database") as refused:
        perform(SqlAction(secrets, FixedClock(START)), secrets, **given({"sql": "SELECT 1"}))
    assert url not in str(refused.value)


def test_a_password_inside_a_url_is_masked_by_itself(any_engine: Engine) -> None:
    secrets = Secrets({"CUTOVER_SECRET_OLD_DB": "postgresql://me:pass%2Fw0rd@127.0.0.1:1/x"})
    with pytest.raises(TransientError):
        perform(SqlAction(secrets, FixedClock(START)), secrets, **given({"sql": "SELECT 1"}))
    assert secrets.mask("said pass/w0rd") == "said •••"


def test_the_key_is_there_to_be_bound(sql: SqlAction, secrets: Secrets) -> None:
    outcome = perform(sql, secrets, **given({"sql": "SELECT CAST(:cutover_key AS TEXT) AS it"}))
    assert outcome.result["it"] == KEY
