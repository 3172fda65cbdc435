"""When each risk band is cleared, as bars from P50 to P95 on days: geometry only, drawn by `clearing.html`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.domain.clearance import Clearance, Forecast
from cutover.web.words import lasting, moment

WIDTH, ROW, LEFT, RIGHT = 760, 34, 130, 740
DAY = timedelta(days=1)
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class ClearingBar:
    """One band: where its bar begins and ends (None: never), and the same in words."""

    band: str
    y: int
    p50: float | None
    p80: float | None
    p95: float | None
    forms: str
    clerk_days: str
    says: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Clearing:
    """The chart and the table beside it; `alarm` says when more arrives than is keyed."""

    says: str
    width: int
    height: int
    left: int
    right: int
    bars: tuple[ClearingBar, ...]
    ticks: tuple[tuple[float, str], ...]
    alarm: str
    shifts: tuple[tuple[str, str, str, str], ...]  # title, when, keyers, forms that are keyed in one


def clearing(found: Forecast, now: datetime, zone: str) -> Clearing:
    """The forecast ready to be drawn."""
    ends = [p for band in found.bands for p in (band.p50, band.p80, band.p95) if p is not None]
    longest = max([DAY, *ends]) * 1.05
    bars = tuple(_bar(band, i, longest, now, zone) for i, band in enumerate(found.bands))
    alarm = "More arrives than is keyed: at this rate it never clears." if found.arrivals_exceed_rate else ""
    says = f"{found.forms:,} to key, {found.clerk_days:g} clerk-days; {found.assumption}"
    shifts = tuple(
        (
            s.title or "shift",
            f"{s.days} {s.opens:%H:%M} to {s.closes:%H:%M}",
            f"{s.keyers:g}",
            f"{s.minutes / 60:,.0f} h",
        )
        for s in found.shifts
    )
    return Clearing(says, WIDTH, ROW * len(bars) + 34, LEFT, RIGHT, bars, _ticks(longest), alarm, shifts)


def _bar(band: Clearance, row: int, longest: timedelta, now: datetime, zone: str) -> ClearingBar:
    ends = (band.p50, band.p80, band.p95)
    p50, p80, p95 = (None if end is None else _x(end, longest) for end in ends)
    words = [
        "never" if e is None else f"{moment(now + e, zone)} ({lasting(e)})" if e else "nothing waits"
        for e in ends
    ]
    return ClearingBar(
        str(band.band), 8 + ROW * row, p50, p80, p95, f"{band.forms:,}", f"{band.clerk_days:g}", (words[0], words[1], words[2])
    )  # fmt: skip


def _x(span: timedelta, longest: timedelta) -> float:
    return round(LEFT + (RIGHT - LEFT) * (span / longest), 1)


def _ticks(longest: timedelta) -> tuple[tuple[float, str], ...]:
    step = max(1, -(-(longest // DAY) // _MOST_TICKS))
    days = range(0, longest // DAY + 1, step)
    return tuple((_x(day * DAY, longest), "now" if day == 0 else f"+{day} d") for day in days)
