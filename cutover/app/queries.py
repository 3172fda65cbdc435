"""Puts a programme's queries to their databases, for the gates that ask: bounded in time, read-only, never green by default.

An answer is good for as long as the query says; then it is asked again. What could not be asked is an error, and what
the database said is shown without its secrets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, text
from sqlalchemy.exc import SQLAlchemyError

from cutover.core.clock import Clock
from cutover.core.errors import CutoverError, Invalid, NotFound, Problem, Unavailable
from cutover.domain.gates import Finding
from cutover.domain.query import Query
from cutover.store.beside import engine_of, way_to_stop
from cutover.store.documents import read_yaml
from runbooks.actions import Secrets
from runbooks.service import Reading

LONGEST = 200  # characters of a value that are shown


def load_queries(folder: Path) -> Mapping[str, Query]:
    """Every query of a `queries/` folder by id. Raises Invalid with the problems of all files at once."""
    found: dict[str, Query] = {}
    problems: list[Problem] = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            query = read_yaml(path, Query)
        except Invalid as error:
            problems += error.problems
            continue
        if query.id in found:
            problems.append(Problem(f"query '{query.id}' is defined twice", file=str(path), field="id"))
        found[query.id] = query
    if problems:
        raise Invalid(*problems)
    return found


@dataclass
class Queries:
    """The queries of one programme, and what each answered last."""

    declared: Callable[[], Mapping[str, Query]]
    secrets: Secrets
    clock: Clock
    _known: dict[str, tuple[datetime, Reading]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def read(self, name: str) -> Reading:
        """What the query says, asked now or not longer ago than its answer is good for."""
        try:
            declared = self.declared()
        except Invalid as error:
            return Reading(Finding.ERROR, str(error).splitlines()[0])
        if name not in declared:
            return Reading(Finding.ERROR, str(NotFound("query", name, declared)))
        query, now = declared[name], self.clock.now()
        with self._turn:
            known = self._known.get(name)
            if known is None or not known[0] <= now < known[0] + query.every:
                known = self._known[name] = now, self._ask(query, now)
        return known[1]

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """Every row of the answer, asked now. Raises NotFound, Invalid, and Unavailable with what the database said."""
        declared = self.declared()
        if name not in declared:
            raise NotFound("query", name, declared)
        query = declared[name]
        try:
            with self._asked(query) as found:
                return [dict(row) for row in found.mappings()]
        except SQLAlchemyError as error:
            raise Unavailable(self._said(query, _cause(error))) from None

    def _ask(self, query: Query, now: datetime) -> Reading:
        try:
            with self._asked(query) as found:
                first = found.fetchone() if found.returns_rows else None
                found.close()
            row = None if first is None else tuple(first)
            met = query.is_met(row)
        except ValueError as error:
            return Reading(Finding.ERROR, self._said(query, str(error)), seen_at=now)
        except (CutoverError, SQLAlchemyError) as error:
            return Reading(Finding.ERROR, self._said(query, _cause(error)), seen_at=now)
        value = "no row" if row is None else ", ".join(str(v)[:LONGEST] for v in row[:5])
        detail = self._said(query, f"answered {value}, expected {query.expect}")
        return Reading(Finding.MET if met else Finding.NOT_MET, detail, seen_at=now)

    def _said(self, query: Query, words: str) -> str:
        masked = self.secrets.mask(" ".join(words.split()))[: 2 * LONGEST]
        return f"{query.title} ({query.owner} answers for it): {masked}"

    @contextmanager
    def _asked(self, query: Query) -> Iterator[CursorResult[Any]]:
        """The answer of the database, to be read within the time that the query has; nothing of it is kept there."""
        engine = engine_of(self.secrets, query.database)
        try:
            with engine.connect() as connection, _bounded(connection, query):
                yield connection.exec_driver_sql(query.sql)
                connection.rollback()
        finally:
            engine.dispose()


def _cause(error: Exception) -> str:
    """What the driver says, without what SQLAlchemy puts around it."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"


@contextmanager
def _bounded(connection: Connection, query: Query) -> Iterator[None]:
    """Nothing is written, and what takes too long is given up."""
    seconds = query.timeout.total_seconds()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))
        yield
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    stop = threading.Timer(seconds, way_to_stop(connection))
    stop.daemon = True
    stop.start()
    try:
        yield
    finally:
        stop.cancel()
