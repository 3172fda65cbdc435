"""Statements in one transaction of somebody's database: values are bound, rows are bounded, a query that never ends is cancelled.

With a `ledger` the key is written in the same transaction as the effect, so the effect happens once however often
it is asked for. The URL is a secret, and so is the password inside it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from cutover.core.clock import Pace
from cutover.core.errors import Invalid, Problem
from cutover.store.beside import beside_the_loop, engine_of, nobody_there, way_to_stop
from runbooks.actions.arguments import SqlArguments, Statement
from runbooks.actions.kinds import LONGEST, NO_PROBE, Call, Outcome, TransientError
from runbooks.actions.secrets import Secrets

T = TypeVar("T")
COLUMNS = 20  # of the first row of an answer that are kept
_READS = re.compile(
    r"\s*(SELECT|VALUES|TABLE|SHOW)\b", re.IGNORECASE
)  # what a cursor of the server can stream


@dataclass(frozen=True)
class SqlAction:
    """Performs all statements or none; the evidence is how many rows each touched."""

    secrets: Secrets
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        given = call.given(SqlArguments)
        return await self._at(call, given, lambda connection: _performed(connection, given, call))

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(SqlArguments)
        if given.probe is None and given.ledger is None:
            return NO_PROBE
        return await self._at(call, given, lambda connection: _asked_after(connection, given, call))

    async def _at(self, call: Call, given: SqlArguments, work: Callable[[Connection], T]) -> T:
        engine = self._engine(given.database)
        cancel = _Cancel()

        def whole() -> T:
            with _translated(call), engine.begin() as connection, cancel.known(connection):
                return work(connection)

        try:
            async with self.pace.hold():
                return await _beside_the_loop(whole, cancel)
        finally:
            engine.dispose()

    def _engine(self, name: str) -> Engine:
        """Raises Invalid as `engine_of` does."""
        engine = engine_of(self.secrets, name)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _leave_transactions_to_us)
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine


def _leave_transactions_to_us(raw: Any, _record: object) -> None:
    """Python's own SQLite driver begins too late: the release of a first savepoint would commit the key alone."""
    raw.isolation_level = None


def _performed(connection: Connection, given: SqlArguments, call: Call) -> Outcome:
    if given.ledger is not None and (done := _noted(connection, given.ledger, call)):
        return done
    touched: list[int] = []
    row: dict[str, Any] = {}
    for statement in given.statements:
        options = {"stream_results": bool(_READS.match(statement.sql)), "max_row_buffer": 10}
        with closing(connection.execution_options(**options).execute(*_bound(statement, call))) as found:
            if found.returns_rows:
                first = found.mappings().fetchmany(1)
                row = _kept(first[0], call) if first else {}
            else:
                touched.append(found.rowcount)
    said = [f"{', '.join(map(str, touched))} rows"] if touched else []
    said += [", ".join(f"{name}={value}" for name, value in row.items())] if row else []
    return Outcome(
        ok=True, evidence=call.shorten("; ".join(said) or "done", 500), result={"rows": touched, **row}
    )


def _noted(connection: Connection, ledger: str, call: Call) -> Outcome | None:
    """Write the key beside the effect. One that is there already means that all of it is."""
    try:
        with connection.begin_nested():
            connection.execute(text(f"INSERT INTO {ledger} (key) VALUES (:key)"), {"key": call.key})  # noqa: S608  an identifier by its pattern
    except IntegrityError:
        return Outcome(ok=True, evidence=f"{ledger} holds the key already: it was done before")
    return None


def _asked_after(connection: Connection, given: SqlArguments, call: Call) -> Outcome | None:
    if given.probe is None:
        query = text(f"SELECT 1 FROM {given.ledger} WHERE key = :key")  # noqa: S608  an identifier by its pattern
        there = connection.execute(query, {"key": call.key}).first() is not None
        return Outcome(ok=True, evidence=f"{given.ledger} holds the key") if there else None
    found = connection.execute(*_bound(given.probe, call)).first()
    if found is None or not found[0]:
        return None
    return Outcome(ok=True, evidence=call.shorten(f"the probe found {found[0]}", 500))


def _bound(statement: Statement, call: Call) -> tuple[Any, Mapping[str, Any]]:
    clause = text(statement.sql)
    known = {**statement.values, "cutover_key": call.key}
    wanted = set(clause.compile().params)
    if missing := sorted(wanted - set(known)):
        raise Invalid(
            Problem(
                f"no value for {', '.join(':' + name for name in missing)}",
                field=f"{call.task.id}: statements",
            )
        )
    return clause, {name: value for name, value in known.items() if name in wanted}


def _kept(row: Mapping[Any, Any], call: Call) -> dict[str, Any]:
    plain = list(row.items())[:COLUMNS]
    return {
        str(name): value if isinstance(value, int | float | bool) else call.shorten(str(value), LONGEST)
        for name, value in plain
    }


@contextmanager
def _translated(call: Call) -> Iterator[None]:
    """Database errors in our words: one that lost the connection may have happened, the others rolled back."""
    try:
        yield
    except DBAPIError as error:
        said = call.shorten(" ".join(str(error.orig).split()), 300)
        if nobody_there(error):
            raise TransientError(f"the database is away: {said}") from None
        raise Invalid(Problem(f"the database refused it: {said}", field=call.task.id)) from None
    except SQLAlchemyError as error:
        raise Invalid(Problem(call.shorten(str(error), 300), field=call.task.id)) from None


# --- a query is stopped from outside ---------------------------------------------------------------------


@dataclass
class _Cancel:
    """How the query under way is stopped, while there is one."""

    _ways: list[Callable[[], object]] = field(default_factory=list)

    @contextmanager
    def known(self, connection: Connection) -> Iterator[None]:
        self._ways = [way_to_stop(connection)]
        try:
            yield
        finally:
            self._ways = []

    def __call__(self) -> None:
        for way in self._ways:
            with suppress(Exception):  # it may have ended this moment: then there is nothing to stop
                way()


async def _beside_the_loop(work: Callable[[], T], cancel: Callable[[], None]) -> T:
    """Do blocking work; cancelled, the query under way is stopped first."""
    try:
        return await beside_the_loop(work, "sql-action")
    except asyncio.CancelledError:
        await asyncio.to_thread(cancel)
        raise
