"""How often somebody may fail: many at once no more often than one after another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from cutover.store.attempts import Attempts
from cutover.web.passwords import FAILURES, Limit


def test_ten_guesses_at_once_are_no_more_than_five(engine: Engine, clock: FixedClock) -> None:
    limit, gate = Limit(Attempts(engine), clock, "person"), threading.Barrier(10)

    def guess(_: int) -> bool:
        gate.wait()
        try:
            limit.attempt("asha")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(10) as crowd:
        assert sum(crowd.map(guess, range(10))) == FAILURES
    with pytest.raises(Refused, match="wait 5 minutes"):
        limit.check("asha")
