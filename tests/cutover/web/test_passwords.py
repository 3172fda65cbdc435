"""How often somebody may fail: many at once no more often than one after another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cutover.core.errors import Refused
from cutover.web.passwords import FAILURES, Limit


def test_forty_guesses_at_once_are_no_more_than_five() -> None:
    limit, gate = Limit(), threading.Barrier(40)

    def guess(_: int) -> bool:
        gate.wait()
        try:
            limit.attempt("person:asha")
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(40) as crowd:
        assert sum(crowd.map(guess, range(40))) == FAILURES
    with pytest.raises(Refused, match="wait 5 minutes"):
        limit.check("person:asha")


def test_an_attempt_that_was_none_is_taken_back() -> None:
    limit = Limit(most=1)
    limit.attempt("from:here")
    limit.forgive("from:here")
    limit.check("from:here")
    limit.forgive("from:nowhere")
