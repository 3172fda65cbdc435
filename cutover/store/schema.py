"""Is the database at this version's schema, and bring it there: forward only, one upgrader at a time."""

from __future__ import annotations

from sqlalchemy import Engine, inspect, text

from cutover.store.engine import reading
from cutover.store.migrations import HEAD

__all__ = ["HEAD", "current", "upgrade"]


def current(engine: Engine) -> str:
    """The schema revision the database is at, '' for an empty one."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def upgrade(engine: Engine) -> bool:
    """Bring the database to HEAD; True when there was something to do.

    Raises Unavailable (permanent) for a database that a newer version has upgraded.
    """
    at = current(engine)
    if at == HEAD:
        return False
    from cutover.store import migrating  # Alembic is loaded only where there is something to migrate

    migrating.to_head(engine, at)
    return True
