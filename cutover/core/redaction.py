"""What is said when personal values are taken away for good: which facts, why, and before whom."""

from __future__ import annotations

from pydantic import Field

from cutover.core.event import Event

STREAM = "privacy"


class PersonalDataRedacted(Event):
    """Two people took the personal values of a stream's facts away; the facts, their times and their hashes stay."""

    of: str
    positions: tuple[int, ...]
    files: tuple[str, ...] = Field(default=(), description="SHA-256 of files that went with them")
    witness: str
    reason: str


EVENTS = (PersonalDataRedacted,)
