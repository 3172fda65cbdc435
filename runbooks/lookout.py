"""Looks ahead of a run whenever it is asked, once for each moment at which anything can have changed.

For a server it looks ahead beside whoever asks, one look at a time and never for more than a tenth of the time: a
reader is shown what was seen last and waits for nothing. The slow second figure (every sample dispatched anew)
follows it, shown with the moment it was seen at. A rehearsal that steps through time looks at once, and asks for none.
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
    from collections.abc import Callable, Hashable

    from runbooks.service import RunService

REFINED_SAMPLES = 2_000
AFTER = (
    0.5  # seconds until a look begins: the answer that asked for it goes first, they share one interpreter
)
SHARE = 10  # times as long as a look took, until the next may begin
REFINED_WITHIN = 20.0  # seconds; what is there by then is shown with its number of samples


@dataclass(frozen=True, slots=True)
class SecondFigure:
    """The end of a run with every sample dispatched anew, and when that was seen."""

    at: datetime
    seen: Redispatched


class _Aside:
    """One piece of work beside whoever asks: one at a time, and never for more than a tenth of the time."""

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._again = 0.0

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begin, unless it is under way or was a moment ago."""
        if monotonic() >= self._again and self._busy.acquire(blocking=False):
            later = threading.Timer(AFTER, self._do, (work,))
            later.name, later.daemon = name, True
            later.start()

    def _do(self, work: Callable[[], None]) -> None:
        began = monotonic()
        try:
            work()
        finally:
            self._again = monotonic() + SHARE * (monotonic() - began)
            self._busy.release()


class Lookout:
    """Live forecasts of runs. With `refine` they are worked out in the background, the second figure too.

    `looks` counts what has come of that: a page that was rendered before knows less.
    """

    def __init__(self, service: RunService, *, refine: bool = False) -> None:
        self.service = service
        self.refine = refine
        self.looks = 0
        self._known: dict[str, tuple[Hashable, Forecast]] = {}
        self._second: dict[str, tuple[Hashable, SecondFigure]] = {}
        self._first_aside, self._second_aside = _Aside(), _Aside()

    def seen(self, state: RunState, now: datetime) -> Forecast | None:
        """The end and the way back as they look now, or looked last; None when the run is over or has not begun."""
        if state.stage in RUN.terminal or state.opens is None or state.closes is None:
            return None
        key = _moment(state, now)
        known = self._known.get(state.run_id)
        if known is not None and known[0] == key:
            return known[1]
        if self.refine:
            self._first_aside.begin(f"outlook of {state.run_id}", lambda: self._look_aside(state, now, key))
            return known[1] if known else None
        return self._look(state, now, key)

    def _look(self, state: RunState, now: datetime, key: Hashable) -> Forecast:
        seen = forecast_of(state, now, background=self.service.background(state.run_id))
        self._known[state.run_id] = key, seen
        return seen

    def second(self, state: RunState, now: datetime) -> SecondFigure | None:
        """The newest second figure there is; a newer one is begun when something has changed since."""
        known = self._second.get(state.run_id)
        if self.refine and (known is None or known[0] != _moment(state, now)):
            name = f"second figure of {state.run_id}"
            self._second_aside.begin(name, lambda: self._work_out(state, now))
        return known[1] if known else None

    def _look_aside(self, state: RunState, now: datetime, key: Hashable) -> None:
        self._look(state, now, key)
        self.looks += 1

    def _work_out(self, state: RunState, now: datetime) -> None:
        until = monotonic() + REFINED_WITHIN
        background = self.service.background(state.run_id)
        seen = refined(
            state, now, background, samples=REFINED_SAMPLES, keep_going=lambda: monotonic() < until
        )
        if seen is not None:
            self._second[state.run_id] = _moment(state, now), SecondFigure(now, seen)
            self.looks += 1


def _moment(state: RunState, now: datetime) -> Hashable:
    """What a forecast depends on, to the minute."""
    stages = tuple((at.stage, at.expected_end) for at in state.tasks.values())
    return now.replace(second=0, microsecond=0), stages
