"""Is the database at this version's schema, and bring it there: forward only, one upgrader at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, text

from cutover.store.engine import reading, writing

HEAD = "0001"  # tests compare it with the newest migration


def current(engine: Engine) -> str:
    """The schema revision the database is at, '' for an empty one."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def upgrade(engine: Engine) -> bool:
    """Bring the database to HEAD; True when there was something to do."""
    if current(engine) == HEAD:
        return False
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True
