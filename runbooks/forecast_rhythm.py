"""When a run is forecast again: once anything has happened to a task, at most once a minute; and every half hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from runbooks.domain.run_state import RunState

EVERY = timedelta(minutes=30)
APART = timedelta(minutes=1)  # a plan of thousands of quick tasks is not forecast after each of them


class ForecastRhythm:
    """Knows how the tasks stood when the run was last forecast, and when it may be again."""

    def __init__(self, now: datetime) -> None:
        self._seen: Mapping[str, object] = {}
        self._at = self._from = now

    def put_off(self, now: datetime) -> None:
        """A run that is taken up again: work comes before working anything out."""
        self._from = now + APART

    def is_due(self, state: RunState, now: datetime) -> bool:
        """Whether to look ahead now; who is told so does."""
        if now < self._from or (state.tasks is self._seen and now < self._at):
            return False
        self._seen, self._at, self._from = state.tasks, now + EVERY, now + APART
        return True

    def next_moment(self, state: RunState) -> datetime | None:
        """When news that is there already will be looked at."""
        return self._from if state.tasks is not self._seen else None
