"""Looks ahead of a run whenever it is asked, once for each moment at which anything can have changed.

The slow second figure (every sample dispatched anew) is made beside whoever asks, one at a time, and shown with the
moment it was seen at. A rehearsal that steps through time asks for none.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from runbooks.domain.forecasting.forecast import Forecast
from runbooks.domain.forecasting.redispatch import Redispatched
from runbooks.domain.run_events import RUN
from runbooks.domain.run_state import RunState
from runbooks.forecaster import forecast_of, refined

if TYPE_CHECKING:
    from collections.abc import Hashable

    from runbooks.service import RunService

REFINED_SAMPLES = 2_000
REFINED_WITHIN = 20.0  # seconds; what is there by then is shown with its number of samples


@dataclass(frozen=True, slots=True)
class SecondFigure:
    """The end of a run with every sample dispatched anew, and when that was seen."""

    at: datetime
    seen: Redispatched


class Lookout:
    """Live forecasts of runs. `refine` lets it work out the second figure in the background."""

    def __init__(self, service: RunService, *, refine: bool = False) -> None:
        self.service = service
        self.refine = refine
        self._known: dict[str, tuple[Hashable, Forecast]] = {}
        self._second: dict[str, tuple[Hashable, SecondFigure]] = {}
        self._busy = threading.Lock()

    def seen(self, state: RunState, now: datetime) -> Forecast | None:
        """The end and the way back as they look now; None when the run is over or has not begun."""
        if state.stage in RUN.terminal or state.opens is None or state.closes is None:
            return None
        key = _moment(state, now)
        known = self._known.get(state.run_id)
        if known is None or known[0] != key:
            seen = forecast_of(state, now, background=self.service.background(state.run_id))
            known = self._known[state.run_id] = key, seen
        return known[1]

    def second(self, state: RunState, now: datetime) -> SecondFigure | None:
        """The newest second figure there is; a newer one is begun when something has changed since."""
        known = self._second.get(state.run_id)
        if (
            self.refine
            and (known is None or known[0] != _moment(state, now))
            and self._busy.acquire(blocking=False)
        ):
            threading.Thread(
                target=self._work_out, args=(state, now), name=f"second figure of {state.run_id}", daemon=True
            ).start()
        return known[1] if known else None

    def _work_out(self, state: RunState, now: datetime) -> None:
        try:
            until = monotonic() + REFINED_WITHIN
            background = self.service.background(state.run_id)
            seen = refined(
                state, now, background, samples=REFINED_SAMPLES, keep_going=lambda: monotonic() < until
            )
            if seen is not None:
                self._second[state.run_id] = _moment(state, now), SecondFigure(now, seen)
        finally:
            self._busy.release()


def _moment(state: RunState, now: datetime) -> Hashable:
    """What a forecast depends on, to the minute."""
    stages = tuple((at.stage, at.expected_end) for at in state.tasks.values())
    return now.replace(second=0, microsecond=0), stages
