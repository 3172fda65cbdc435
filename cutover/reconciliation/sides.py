"""The two sides of a comparison, and what was read and kept of one: words that facts are made of, without an engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.domain.programme import Part


class Side(StrEnum):
    SOURCE = "source"
    TARGET = "target"


class Snapshot(Part):
    """What was read of one side and kept: `file` holds the totals of its buckets, `raw` the rows as they came.

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
    by_state: Mapping[str, int] = Field(
        default={}, description="rows of the source with a key and not excluded, by state"
    )
    mark: str = Field(default="", description="the high-water mark of what was read")
