"""Between which moments each task will end, four times in five: the same samples as the forecast, kept task by task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from runbooks.domain.forecasting.passes import Times, walk
from runbooks.domain.forecasting.sampling import TICKS, Draws
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.forecasting.staffing import staffing

SAMPLES = 1_000  # a band is looked at, not decided on: some minutes of a 72 h plan
LOW, HIGH = 0.1, 0.9

Band = tuple[datetime, datetime]


def bands(situation: Situation, *, seed: int, samples: int = SAMPLES) -> Mapping[str, Band]:
    """By task: the P10 and P90 of its end. What has ended has none. Raises Invalid for a faulty plan."""
    net, tasks, programme = situation.network(), situation.tasks, situation.programme
    crew = staffing(net, tasks, programme) if programme else None
    times = Times(walk(net, crew), samples)
    draws = Draws(situation.doubt(net), np.random.Generator(np.random.SFC64(seed)), samples)
    times.forward(draws.length)
    ends = np.sort(times.ends, axis=1)
    low, high = (ends[:, max(0, round(q * samples) - 1)] / TICKS for q in (LOW, HIGH))
    return {
        name: (_at(net.opens, float(low[i])), _at(net.opens, float(high[i])))
        for i, name in enumerate(net.ids)
        if net.ended[i] is None
    }


def _at(opens: datetime, seconds: float) -> datetime:
    return opens + timedelta(seconds=round(seconds))
