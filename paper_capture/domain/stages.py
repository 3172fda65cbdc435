"""Where a sheet of paper can be in its life."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    UNPRINTED = "unprinted"
    STOCK = "stock"
    ISSUED = "issued"
    USED = "used"
    LIVE = "live"
    SPOILED = "spoiled"
    UNUSED = "unused"
    MISSING = "missing"
    RETURNED = "returned"
    KEYED_ONCE = "keyed_once"
    KEYED_TWICE = "keyed_twice"
    DISCREPANT = "discrepant"
    VERIFIED = "verified"
    DISPOSED = "disposed"
    DESTROYED = "destroyed"


VOID = frozenset({Stage.SPOILED, Stage.UNUSED})
AT_STATION = frozenset({Stage.ISSUED, Stage.USED, Stage.LIVE})
KEYED = frozenset({Stage.KEYED_ONCE, Stage.KEYED_TWICE, Stage.DISCREPANT})
BACK = frozenset({Stage.RETURNED, Stage.VERIFIED, Stage.DISPOSED}) | KEYED
DONE = frozenset({Stage.VERIFIED, Stage.DISPOSED})
LOGGED = BACK | {Stage.USED}  # written on and nothing more to be written
WRITTEN = LOGGED | {Stage.LIVE}
OVER = VOID | {Stage.DISPOSED}  # its paper is kept until its date, then may be destroyed
