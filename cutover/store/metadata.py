"""The one metadata: naming, UTC times, and the tables that are truth: journal, leases, outbox, and who may sign in.

Everything else in the database is a projection: disposable, rebuilt from the journal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """A UTC moment as ISO 8601 text with microseconds: the same bytes, order and hash on every database."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else utc_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else datetime.fromisoformat(value)


def utc_text(at: datetime) -> str:
    """2026-10-23T21:00:00.000000Z. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError(f"naive time {at}")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


journal_table = Table(
    "journal",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", String(200), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", String(27), nullable=False),
    Column("recorded_at", String(27), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("kind", String(100), nullable=False, index=True),
    Column("v", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("cause", String(200)),
    Column("idempotency_key", String(300), unique=True),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("stream", "seq"),
)

leases_table = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

outbox_table = Table(
    "outbox",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("channel", String(50), nullable=False),
    Column("recipient", String(300), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcTime, index=True),
    Column("sent_at", UtcTime),
)

projections_table = Table(
    "projections",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
)

accounts_table = Table(
    "accounts",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("password_hash", String(300), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
)

sessions_table = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("person", String(80), nullable=False, index=True),
    Column("how", String(20), nullable=False),
    Column("roles", String(300), nullable=False),
    Column("station", String(80), nullable=False),
    Column("source", String(80), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("idle_until", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

pins_table = Table(
    "pins",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("pin_hash", String(300), nullable=False),
    Column("issued_by", String(80), nullable=False),
    Column("issued_at", UtcTime, nullable=False),
    Column("chosen_at", UtcTime),  # none: still the one that was issued, good for choosing one's own
    Column("failures", Integer, nullable=False),
    Column("locked_at", UtcTime),
)

attempts_table = Table(
    "attempts",
    metadata,
    Column("mark", String(32), primary_key=True),
    Column("whose", String(64), nullable=False, index=True),
    Column("at", UtcTime, nullable=False, index=True),
)

tokens_table = Table(
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("scope", String(120), nullable=False, index=True),
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

personal_table = Table(
    "personal",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("field", String(100), primary_key=True),
    Column("salt", String(32), nullable=False),
    Column("value", Text, nullable=False),
)

secrets_table = Table(
    "secrets",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", String(200), nullable=False),
)

revocations_table = Table(
    "revocations",
    metadata,
    Column("what", String(120), primary_key=True),
    Column("revoked_at", UtcTime, nullable=False),
)

TRUTH = (
    journal_table,
    leases_table,
    outbox_table,
    projections_table,
    accounts_table,
    sessions_table,
    pins_table,
    attempts_table,
    tokens_table,
    personal_table,
    secrets_table,
    revocations_table,
)
