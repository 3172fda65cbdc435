"""Personal values stand beside the journal: its rows carry their commitments, so that a value can go and the chain holds.

A commitment is SHA-256 over a salt of its own and the canonical value (128 bits of salt: a short value cannot be
guessed from it). A value that is there must fit its commitment; one that is gone must be named by a redaction that
the journal tells of. Rows written before there were commitments hold their values themselves, for good.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select

from cutover.core.event import Catalogue, Event
from cutover.core.redaction import PersonalDataRedacted
from cutover.store.chain import canonical
from cutover.store.driver import Phrase, in_parts
from cutover.store.metadata import journal_table as j
from cutover.store.metadata import personal_table as p

MARK = "$sealed"  # no field of a form begins so
_SIGN = f'{{"{MARK}":'
_ALL = ""  # of a redaction from before it named the fields
_KEEP = Phrase(insert(p))
_OF = select(p).where(p.c.position.in_(bindparam("positions", expanding=True)))
Kept = dict[str, Any]  # a row of the table of personal values


def seal(event: Event, position: int) -> tuple[str, list[Kept]]:
    """The body of a fact as the journal holds it, and the values to keep beside it."""
    body = event.model_dump(mode="json")
    kept = []
    for name in sorted(event.personal | event.typed):
        if body[name]:
            salt, value = secrets.token_hex(16), canonical(body[name])
            kept.append({"position": position, "field": name, "salt": salt, "value": value})
            body[name] = {MARK: commitment(salt, value)}
    return canonical(body), kept


def commitment(salt: str, value: str) -> str:
    return hashlib.sha256(f"{salt}:{value}".encode()).hexdigest()


def keep(connection: Connection, kept: Sequence[Kept]) -> None:
    if kept:
        _KEEP.each(connection, kept)


def opened(connection: Connection, catalogue: Catalogue, rows: Iterable[tuple[int, str, str]]) -> list[str]:
    """The bodies of these rows (position, kind, body) with their values, or with what stands for those that are gone."""
    told = list(rows)
    found = _values(connection, [at for at, _, body in told if _SIGN in body])
    return [_opened(catalogue, kind, body, found.get(at, {})) if _SIGN in body else body for at, kind, body in told]  # fmt: skip


def held(connection: Connection, catalogue: Catalogue, stream: str) -> dict[int, list[str]]:
    """The personal values of a stream's facts that are still there: their fields, by position. Not what is only typed."""
    query = select(p.c.position, p.c.field, j.c.kind).join(j, j.c.position == p.c.position)
    found: dict[int, list[str]] = {}
    for at, name, kind in connection.execute(query.where(j.c.stream == stream).order_by(p.c.position)):
        if name in catalogue.kind(kind).personal:
            found.setdefault(at, []).append(name)
    return found


def kept_of(connection: Connection, position: int) -> dict[str, Any]:
    """The values beside one fact, by field."""
    return {
        name: json.loads(kept["value"])
        for name, kept in _values(connection, [position]).get(position, {}).items()
    }


def in_the_open(connection: Connection, catalogue: Catalogue, stream: str) -> list[int]:
    """The facts of a stream that hold personal values in their own body: written before there were commitments."""
    query = select(j.c.position, j.c.kind, j.c.body).where(j.c.stream == stream).order_by(j.c.position)
    return [at for at, kind, body in connection.execute(query) if _tells(catalogue, kind, body)]


def forget(connection: Connection, gone: Sequence[int], fields: Collection[str]) -> None:
    """Take these values of these facts away; `scrub` then takes them out of the file."""
    for part in in_parts(gone):
        connection.execute(delete(p).where(p.c.position.in_(part), p.c.field.in_(sorted(fields))))


def scrub(engine: Engine) -> None:
    """What was taken away is in no page of the file any more, nor in its log. May take minutes, and waits for readers."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM FULL personal")


def faults(connection: Connection, catalogue: Catalogue) -> Iterator[str]:
    """What does not hold of the values beside the journal: one that does not fit, or that is gone without a redaction."""
    redacted = _redacted(connection, catalogue)
    rows = connection.execute(select(j.c.position, j.c.body).where(j.c.body.contains(_SIGN, autoescape=True)).order_by(j.c.position))  # fmt: skip
    for part in in_parts(rows):
        found = _values(connection, [row.position for row in part])
        for at, body in part:
            yield from _misfits(at, json.loads(body), found.get(at, {}), redacted.get(at, set()))


def _misfits(
    at: int, body: Mapping[str, Any], found: Mapping[str, Kept], gone: AbstractSet[str]
) -> Iterator[str]:
    """`gone` are the fields that a redaction names, or '' for all of them."""
    for name, said in body.items():
        if not _is_sealed(said):
            continue
        kept = found.get(name)
        if kept is None and gone.isdisjoint((name, _ALL)):
            yield f"'{name}' of position {at} was taken away, and no redaction says so"
        if kept is not None and commitment(kept["salt"], kept["value"]) != said[MARK]:
            yield f"'{name}' of position {at} was changed beside the journal"


def _redacted(connection: Connection, catalogue: Catalogue) -> dict[int, set[str]]:
    kind = PersonalDataRedacted.kind()
    rows = connection.execute(select(j.c.v, j.c.body).where(j.c.kind == kind))
    facts = (catalogue.read(kind, v, body) for v, body in rows)
    found: dict[int, set[str]] = {}
    for fact in facts:
        if isinstance(fact, PersonalDataRedacted):
            for at in fact.positions:
                found.setdefault(at, set()).update(fact.fields or (_ALL,))
    return found


def _values(connection: Connection, wanted: Sequence[int]) -> dict[int, dict[str, Kept]]:
    found: dict[int, dict[str, Kept]] = {}
    for part in in_parts(wanted):
        for row in connection.execute(_OF, {"positions": part}).mappings():
            found.setdefault(row["position"], {})[row["field"]] = dict(row)
    return found


def _opened(catalogue: Catalogue, kind: str, body: str, kept: Mapping[str, Kept]) -> str:
    told = json.loads(body)
    for name, said in told.items():
        if _is_sealed(said):
            told[name] = (
                json.loads(kept[name]["value"]) if name in kept else catalogue.kind(kind).withheld(name)
            )
    return canonical(told)


def _tells(catalogue: Catalogue, kind: str, body: str) -> bool:
    told = json.loads(body)
    return any(told.get(name) and not _is_sealed(told[name]) for name in catalogue.kind(kind).personal)


def _is_sealed(said: object) -> bool:
    return isinstance(said, dict) and said.keys() == {MARK}
