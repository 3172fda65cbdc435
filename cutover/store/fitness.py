"""Is this process fit to serve: the database answers and is of this version, the disk takes writes, the chain holds at its head.

What is asked is cheap enough to be asked every few seconds. That the whole chain holds is asked by `cutover journal
verify`; a page that hides a broken end would go on telling what nobody wrote.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, select

from cutover.core.errors import Unavailable
from cutover.store import schema
from cutover.store.chain import GENESIS, digest
from cutover.store.engine import reading
from cutover.store.metadata import journal_table as j

ROOM = 64 * 1024 * 1024  # bytes below which a disk is as good as full: a night's facts must fit
AT_THE_HEAD = 20  # facts whose chain is looked at


def unfit(engine: Engine, folder: Path) -> list[str]:
    """Everything that keeps this process from serving well; nothing: it is ready. `folder` is what it writes to."""
    return [*_database(engine), *_disk(folder)]


def _database(engine: Engine) -> Iterator[str]:
    try:
        at = schema.current(engine)
        if at != schema.HEAD:
            yield f"the database is at schema {at or 'none'}, this version needs {schema.HEAD}: `cutover db upgrade`"
            return
        yield from _chain(engine)
    except Unavailable as error:
        yield str(error)


def _chain(engine: Engine) -> Iterator[str]:
    """Whether the newest facts hold and stand one after the other."""
    query = select(j).order_by(j.c.position.desc()).limit(AT_THE_HEAD)
    with reading(engine) as connection:
        newest = [dict(row) for row in connection.execute(query).mappings()]
    for row, before in zip(newest, [*newest, None][1:], strict=True):
        first = row["position"] == 1 and row["prev_hash"] != GENESIS
        torn = before is not None and (before["position"] + 1, before["hash"]) != (
            row["position"],
            row["prev_hash"],
        )
        if first or torn or digest(row) != row["hash"]:
            yield f"the journal's chain is broken at position {row['position']}: `cutover journal verify`"
            return


def _disk(folder: Path) -> Iterator[str]:
    try:
        if shutil.disk_usage(folder).free < ROOM:
            yield f"the disk of {folder.name}/ is full: less than {ROOM // 1024**2} MB are free"
        elif os.statvfs(folder).f_flag & os.ST_RDONLY:
            yield f"the disk of {folder.name}/ can only be read"
        else:
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        yield f"{folder.name}/ takes no files: {error.strerror}"
