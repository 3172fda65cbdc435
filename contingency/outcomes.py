"""What became of records, written down in one transaction with the dispositions of their sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contingency.domain.conversion import (
    CONVERSION,
    DISPOSITIONS,
    LinkRecord,
    MergeRecord,
    Progress,
    RecordOutcome,
    RejectRecord,
    conversion_stream,
)
from contingency.rooms import Stationery
from contingency.tables import ConversionRow
from cutover.core.errors import Refused
from cutover.core.event import Command
from cutover.store.desk import Ask, Desk
from cutover.store.leases import Fence
from paper_capture.service import Disposal

Wish = tuple[str, Command]  # a serial, and what is to be written down of it


def record(desk: Desk, paper: Stationery, wishes: Sequence[Wish], fence: Fence | None = None) -> None:
    """Write these down, and on each sheet what became of it; all or nothing.

    A sheet that somebody else has moved on meanwhile holds up no outcome: then the outcomes are written down alone,
    and the sheets that can still be disposed of are left to whoever reads the pile next.
    """
    if not wishes:
        return
    asks = [Ask(CONVERSION, conversion_stream(serial), wish) for serial, wish in wishes]
    ended = [_ENDS[type(wish)](serial, wish) for serial, wish in wishes if type(wish) in _ENDS]
    try:
        desk.ask_all([*asks, *paper.disposing(ended)] if ended else asks, fence=fence)
    except Refused:
        if not ended:
            raise
        desk.ask_all(asks, fence=fence)


def catch_up(desk: Desk, paper: Stationery, rows: Iterable[ConversionRow]) -> None:
    """Dispose of sheets whose outcome has been on record for a while."""
    if late := [_of_row(row) for row in rows]:
        desk.ask_all(paper.disposing(late))


def _of_row(row: ConversionRow) -> Disposal:
    reason = "" if row.progress is Progress.CONVERTED else row.reason
    return Disposal(row.serial, str(DISPOSITIONS[row.progress]), row.reference, row.by, reason)


# What a wish that ends a conversion makes of its sheet.
_ENDS: Mapping[type[Command], Callable[[str, Any], Disposal]] = {
    RecordOutcome: lambda serial, w: Disposal(serial, "converted", w.reference, w.by),
    RejectRecord: lambda serial, w: Disposal(serial, "rejected", "", w.by, w.reason),
    MergeRecord: lambda serial, w: Disposal(serial, "merged", w.reference, w.by, w.reason),
    LinkRecord: lambda serial, w: Disposal(serial, "linked", w.reference, w.by, w.reason),
}
