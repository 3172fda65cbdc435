"""The two sides of a comparison, and what was read and kept of one: words that facts are made of, without an engine."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from cutover.domain.programme import Part


class Side(StrEnum):
    SOURCE = "source"
    TARGET = "target"


class Snapshot(Part):
    """What was read of one side and kept: `file` holds keys and hashes, `raw` the rows as they came.

    Both are relative to the folder of the snapshot; a raw file of the programme's own is named in full.
    """

    side: Side
    origin: str
    read_at: datetime
    rows: int
    file: str
    sha256: str
    raw: str
    engine: str
    contract_sha256: str
    gaps: tuple[str, ...] = ()
