"""Is the database at this version's schema, and bring it there: forward only, one upgrader at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, inspect, text

from cutover.core.errors import Unavailable
from cutover.store.engine import reading, writing

HEAD = "0003"  # tests compare it with the newest migration


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
    config = migrations()
    try:
        with writing(engine) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise Unavailable(
            f"the database is at schema {at}, this version knows {HEAD}: install the newer version",
            permanent=True,
        ) from error
    return True


def migrations() -> Config:
    """Where the migrations stand, as Alembic wants to be told."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
