"""A hundred random series, the same on every machine, and where R's answers to them are kept."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from tests.monitors.domain.flows import drawn

GOLDEN = Path(__file__).parent / "glrnb.csv"


@dataclass(frozen=True)
class Series:
    """Counts with their normal means; the count falls somewhere to a share of normal."""

    number: int
    alpha: float
    ratio: float
    days: tuple[tuple[int, float], ...]


def series(count: int = 100, length: int = 40) -> list[Series]:
    source = random.Random(4713)
    return [_one(number, length, source) for number in range(count)]


def _one(number: int, length: int, source: random.Random) -> Series:
    daily, alpha = 10 ** source.uniform(-0.5, 2.3), source.uniform(0.001, 0.4)
    ratio, falls_on, share = source.choice((0.3, 0.5, 0.7)), source.randrange(length), source.uniform(0, 1)
    draw = drawn(source.randrange(2**31))
    days = []
    for day in range(length):
        mu = daily * source.uniform(0.6, 1.6)
        days.append((draw(mu * (share if day >= falls_on else 1.0), alpha), mu))
    return Series(number, alpha, ratio, tuple(days))
