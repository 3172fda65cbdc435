"""Flows, baselines and days for the tests of outcome flows."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from monitors.domain.baseline import DayKind, Normal
from monitors.domain.flow import Flow
from monitors.domain.flow_events import ArmFlow, FreezeBaseline, Reported, TakeDays
from monitors.domain.outcome import OUTCOME, FlowState

FIRST = date(2026, 10, 27)  # a Tuesday, the first whole day after the canonical window
NOW = datetime(2026, 10, 27, 9, 0, tzinfo=UTC)
THRESHOLD = 8.2


def normal(daily: float = 8.0, alpha: float = 0.05, **more: object) -> Normal:
    """A flat week."""
    return Normal.model_validate(
        {
            "means": dict.fromkeys(DayKind, daily),
            "alpha": alpha,
            "begins": date(2025, 10, 24),
            "ends": date(2026, 10, 22),
            "days": 364,
        }
        | more
    )


def flow(**more: object) -> Flow:
    return Flow.model_validate(
        {"id": "referrals", "title": "Referrals", "owner": "bo", "counts": {"kind": "api"}} | more
    )


def armed(of: Normal | None = None, threshold: float = THRESHOLD, *, head_start: bool = True) -> FlowState:
    """A flow whose charts begin on FIRST."""
    state, _ = OUTCOME.apply(FlowState(), FreezeBaseline(by="chen", normal=of or normal()), NOW)
    command = ArmFlow(by="flow-watch", first_day=FIRST, threshold=threshold, head_start=head_start)
    return OUTCOME.apply(state, command, NOW)[0]


def reported(counts: Sequence[int | None], first: date = FIRST, of: Sequence[int | None] = ()) -> TakeDays:
    """Consecutive days from `first`."""
    shares = of or [None] * len(counts)
    days = (
        Reported(day=first + timedelta(days=n), count=count, of=share)
        for n, (count, share) in enumerate(zip(counts, shares, strict=True))
    )
    return TakeDays(by="flow-watch", days=tuple(days))


def drawn(seed: int) -> Callable[[float, float], int]:
    """Negative binomial counts: a Poisson count of a gamma mean, from a seed."""
    source = random.Random(seed)

    def count(mean: float, alpha: float) -> int:
        rate = source.gammavariate(1 / alpha, alpha * mean) if alpha > 0 and mean > 0 else mean
        limit, found, product = 2.718281828459045**-rate if rate < 500 else 0.0, 0, source.random()
        if rate >= 500:
            return max(0, round(source.gauss(rate, rate**0.5)))
        while product > limit:
            product *= source.random()
            found += 1
        return found

    return count
