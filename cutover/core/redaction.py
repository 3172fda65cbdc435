"""What is said when personal values are taken away for good: which facts, why, and before whom."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cutover.core.event import Event

STREAM = "privacy"


class PersonalDataRedacted(Event):
    """Two people took the personal values of a stream's facts away; the facts, their times and their hashes stay."""

    version = 2
    of: str
    positions: tuple[int, ...]
    files: tuple[str, ...] = Field(default=(), description="SHA-256 of files that went with them")
    fields: tuple[str, ...] = Field(
        default=(), description="which values of those facts went; none named: all"
    )
    witness: str
    reason: str

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """The first took all values of its facts away, and named none."""
        del version
        return {"fields": [], **body}


EVENTS = (PersonalDataRedacted,)


def alone(witness: str, by: str, reason: str) -> list[str]:
    """Every reason why these two may not take anything away."""
    same = witness.strip().casefold() == by.strip().casefold()
    told = (
        (not witness.strip() or same, "redacted before no witness: it takes a second person"),
        (not reason.strip(), "redacted without a reason"),
    )
    return [why for is_so, why in told if is_so]
