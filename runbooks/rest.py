"""A run in which nothing is due is not looked through again until somebody writes or a moment comes."""

from __future__ import annotations

from datetime import datetime

from runbooks.domain.run_state import RunState


class Rest:
    """How a run stood when nothing was left to do, and until when time alone changes nothing."""

    def __init__(self) -> None:
        self._state: RunState | None = None
        self.until: datetime | None = None

    def begin(self, state: RunState, until: datetime | None) -> None:
        self._state, self.until = state, until

    def goes_on(self, state: RunState, now: datetime) -> bool:
        """Whether the run stands as it did, by the very same state, and no moment has come."""
        return state is self._state and (self.until is None or now < self.until)
