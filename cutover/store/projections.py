"""Views of the journal, disposable: created when missing, rebuilt when their shape changed or when asked."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.schema import CreateTable

from cutover.store.engine import reading, writing
from cutover.store.journal import Journal
from cutover.store.metadata import projections_table as t
from cutover.store.pen import Projection


def prepare(journal: Journal) -> list[str]:
    """Bring every projection to the shape this version wants; returns the names of those rebuilt."""
    with reading(journal.engine) as connection:
        known = {row.name: row.fingerprint for row in connection.execute(select(t))}
    stale = [p for p in journal.projections if known.get(p.name) != fingerprint(p, journal.engine)]
    if stale:
        rebuild(journal, stale)
    return [p.name for p in stale]


def rebuild(journal: Journal, projections: list[Projection] | None = None) -> int:
    """Drop the views and fold the whole journal again, in one transaction; returns the facts read."""
    chosen = list(journal.projections) if projections is None else projections
    facts = 0
    with writing(journal.engine) as connection:
        for projection in chosen:
            _recreate(connection, projection, fingerprint(projection, journal.engine))
        for recorded in journal.all():
            facts += 1
            for projection in chosen:
                projection.apply(connection, recorded)
    return facts


def fingerprint(projection: Projection, engine: Engine) -> str:
    """A hash of the tables' definition: when it changes, the view is rebuilt instead of migrated."""
    ddl = "".join(str(CreateTable(table).compile(engine)) for table in projection.tables)
    return hashlib.sha256(ddl.encode()).hexdigest()


def _recreate(connection: Connection, projection: Projection, print_: str) -> None:
    for table in reversed(projection.tables):
        table.drop(connection, checkfirst=True)
    for table in projection.tables:
        table.create(connection)
    connection.execute(delete(t).where(t.c.name == projection.name))
    connection.execute(insert(t).values(name=projection.name, fingerprint=print_))
