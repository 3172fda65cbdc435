"""One thing that somebody typed, taken away for good: out of the journal's values, the views, what waits to be sent.

Text is for everybody until somebody finds a name in it. Two people take it away; the journal tells that they did, of
which fact and why, and verifies as before. What left the house, and backups, are named and not reached.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, inspect, select, update

from cutover.core.errors import NotFound, Refused
from cutover.core.event import Fact
from cutover.core.redaction import STREAM, PersonalDataRedacted, alone
from cutover.store.engine import writing
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from cutover.store.metadata import metadata, outbox_table
from cutover.store.pen import Batch
from cutover.store.projections import rebuild
from cutover.store.sealing import scrub

INSTEAD = "[taken away]"
SHORTEST = 8  # letters; a shorter text stands in many places by chance
NOT_REACHED = (
    "backups made before, until their own schedule ends them",
    "notices and webhooks that were delivered, and pages that were printed or saved",
    "evidence and other attachments, which are files of their own",
    "logs and the Prefect server, if a task of yours wrote it there",
)


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What was taken away where, and what is not reached from here."""

    position: int
    field: str
    copies: int
    files: int
    not_reached: tuple[str, ...] = NOT_REACHED


def unsay(
    journal: Journal, notices: Path, position: int, field: str, *, witness: str, by: str, reason: str
) -> Unsaid:
    """Take one value of one fact away. Raises NotFound, or Refused with every reason."""
    if reasons := alone(witness, by, reason):
        raise Refused(*reasons)
    with journal.writing() as pen:
        text, stream = _text(journal, pen.kept(position), position, field)
        pen.forget([position], [field])
        said = PersonalDataRedacted(
            of=stream, positions=(position,), files=(), fields=(field,), witness=witness, reason=reason
        )
        told, _ = pen.land(
            [Batch(STREAM, pen.reached([STREAM])[STREAM], [Fact(said, journal.clock.now(), by)])]
        )
    journal.tell(told)
    rebuild(journal)
    copies = _out_of_tables(journal, text)
    files = _out_of_files(notices, text)
    scrub(journal.engine)
    return Unsaid(position, field, copies, files)


def _text(journal: Journal, kept: Mapping[str, Any], position: int, field: str) -> tuple[str, str]:
    with journal.engine.connect() as connection:
        row = connection.execute(
            select(j.c.stream, j.c.kind, j.c.body).where(j.c.position == position)
        ).first()
    if row is None:
        raise NotFound("fact", str(position))
    kind = journal.catalogue.kind(row.kind)
    known = sorted(kind.typed | kind.personal)
    if field not in known:
        raise Refused(
            f"'{field}' of {row.kind} is not what somebody typed (that is: {', '.join(known) or 'nothing'})"
        )
    if field in kept:
        return str(kept[field]), str(row.stream)
    if isinstance(said := json.loads(row.body).get(field), str) and said:
        raise Refused(f"fact {position} holds it in the chain itself, which cannot be changed: it was recorded by an older version")  # fmt: skip
    raise Refused(f"there is no '{field}' beside fact {position}: it was empty, or was taken away before")


def _out_of_tables(journal: Journal, text: str) -> int:
    """What waits to be sent or was kept of what was sent, and answers kept for programs that ask twice."""
    if len(text) < SHORTEST:
        return 0
    with writing(journal.engine) as connection:
        return sum(_replaced(connection, column, text) for column in _kept(connection))


def _kept(connection: Connection) -> Iterator[Column[str]]:
    there = set(inspect(connection).get_table_names())
    answers: Table | None = metadata.tables.get("api_answers")
    columns = [
        outbox_table.c.subject,
        outbox_table.c.body,
        *([answers.c.body] if answers is not None else []),
    ]
    yield from (one for one in columns if one.table.name in there)


def _replaced(connection: Connection, column: Column[str], text: str) -> int:
    (key,) = column.table.primary_key.columns
    found = 0
    for spelled in _spellings(text):
        rows = connection.execute(select(key, column).where(column.contains(spelled, autoescape=True))).all()
        for name, whole in rows:
            change = {column.name: str(whole).replace(spelled, INSTEAD)}
            connection.execute(update(column.table).where(key == name).values(change))
        found += len(rows)
    return found


def _spellings(text: str) -> tuple[str, ...]:
    """As it stands in a letter, and in JSON."""
    return tuple(dict.fromkeys((text, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1])))


def _out_of_files(folder: Path, text: str) -> int:
    found = 0
    for file in sorted(folder.glob("*.txt")) if len(text) >= SHORTEST else ():
        whole = file.read_text("utf-8")
        if text in whole:
            file.write_text(whole.replace(text, INSTEAD), "utf-8")
            found += 1
    return found
