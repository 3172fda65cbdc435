"""Views of the journal, disposable: created when missing, rebuilt when their shape changed or when asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.schema import CreateTable

from cutover.store.engine import reading, writing
from cutover.store.journal import Journal
from cutover.store.metadata import projections_table as t
from cutover.store.pen import Projection

SHAPE = "*"  # the row that stands for all views
Told = Callable[[int, int], None]  # facts read so far, and how many there are
EVERY = 5_000  # facts between two words about how far it has come


def quiet(_read: int, _whole: int) -> None:
    """Say nothing."""


def prepare(journal: Journal, shape: str = "", tell: Told = quiet) -> list[str]:
    """Bring every projection to the shape this version wants; returns the names of those rebuilt.

    `tell` hears how far a rebuild has come, and nothing where none is needed or the journal is empty. `shape` stands
    for all of them: where it was noted beside the fingerprints that are there now, nothing is looked at further.
    """
    with reading(journal.engine) as connection:
        known = _known(connection)
    if shape and known.pop(SHAPE, "") == _noted(shape, known):
        return []
    stale = [p for p in journal.projections if known.get(p.name) != fingerprint(p, journal.engine)]
    if stale:
        rebuild(journal, stale, tell)
    if shape:
        with writing(journal.engine) as connection:
            known = _known(connection)
            known.pop(SHAPE, "")
            _note(connection, SHAPE, _noted(shape, known))
    return [p.name for p in stale]


def rebuild(journal: Journal, projections: list[Projection] | None = None, tell: Told = quiet) -> int:
    """Drop the views and fold the whole journal again, in one transaction; returns the facts read."""
    chosen = list(journal.projections) if projections is None else projections
    facts, whole = 0, journal.head().position
    with writing(journal.engine) as connection:
        for projection in chosen:
            _recreate(connection, projection, fingerprint(projection, journal.engine))
        for recorded in journal.all():
            if facts % EVERY == 0:
                tell(facts, whole)
            facts += 1
            for projection in chosen:
                projection.apply(connection, recorded)
    if facts:
        tell(facts, whole)
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
    _note(connection, projection.name, print_)


def _known(connection: Connection) -> dict[str, str]:
    return {row.name: row.fingerprint for row in connection.execute(select(t))}


def _note(connection: Connection, name: str, print_: str) -> None:
    connection.execute(delete(t).where(t.c.name == name))
    connection.execute(insert(t).values(name=name, fingerprint=print_))


def _noted(shape: str, known: Mapping[str, str]) -> str:
    """A shape together with what is there: whoever changes a fingerprint makes us look again."""
    return hashlib.sha256(f"{shape} {sorted(known.items())}".encode()).hexdigest()
