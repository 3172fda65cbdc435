"""What stands in a cell of a review, and how it reads: moments in the programme's zone, spans, signs, shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.core.clock import show
from cutover.core.duration import show_duration, show_minutes

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Off:
    """A variance: more than planned is positive."""

    by: timedelta


@dataclass(frozen=True, slots=True)
class Share:
    """A part of one; `signed` when it is a change."""

    of: float
    signed: bool = False


Cell = str | int | datetime | timedelta | Off | Share | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a review: what it is called, what to know of it, its columns and rows.

    `terse` are the columns that a terminal has room for; none: all of them.
    """

    key: str
    title: str
    says: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    terse: tuple[str, ...] = ()


def worded(cell: Cell, zone: str) -> str:
    """A cell as text: Sat 24 Oct 03:10 BST, 1h 30m, +15m, 80 %; '' for nothing."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return show(cell, zone)
    if isinstance(cell, timedelta):
        return lasts(cell)
    if isinstance(cell, Off):
        return off(cell.by)
    if isinstance(cell, Share):
        return f"{cell.of:+.0%}".replace("%", " %") if cell.signed else f"{cell.of:.0%}".replace("%", " %")
    return str(cell)


def lasts(span: timedelta) -> str:
    """To the minute; a length under one says so, none is 0m."""
    if timedelta(0) < abs(span) < MINUTE:
        return "<1m"
    return show_minutes(span)


def off(span: timedelta) -> str:
    """+15m, -1h, ±0m."""
    minutes = round(span / MINUTE) * MINUTE
    if not minutes:
        return "±0m"
    return f"{'+' if minutes > timedelta(0) else '-'}{show_duration(abs(minutes))}"
