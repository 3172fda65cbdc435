"""Brings a database to this version's schema with Alembic: forward only, in one transaction."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from cutover.core.errors import Unavailable
from cutover.store.engine import writing
from cutover.store.migrations import HEAD


def to_head(engine: Engine, at: str) -> None:
    """From the revision `at` to HEAD. Raises Unavailable (permanent) for one that this version does not know."""
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


def migrations() -> Config:
    """Where the migrations stand, as Alembic wants to be told."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
