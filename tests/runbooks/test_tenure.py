"""Hot and standby: the holder stops before the standby begins, by counters that nobody can set."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.core.errors import Conflict
from cutover.store import leases
from cutover.store.engine import DatabaseAway, open_engine
from runbooks.tenure import IN_DOUBT, RENEW, Tenure, stand_by, when_back
from tests.conftest import START

RUN = "run:small-1"
LENGTH = leases.LEASE.total_seconds()
ELSEWHERE = "another-machine:7:7"


class Counter:
    """Steady seconds that go on by `each` whenever they are looked at."""

    def __init__(self, each: float = 0.0) -> None:
        self.at, self.each = 0.0, each

    def __call__(self) -> float:
        self.at += self.each
        return self.at


def test_a_lease_is_renewed_by_the_counter_whatever_the_wall_clock_says(
    engine: Engine, clock: FixedClock
) -> None:
    seconds = Counter()
    tenure = Tenure(engine, RUN, clock, seconds)
    tenure.take()
    clock.at += timedelta(hours=2)
    tenure.keep()
    assert leases.holding(engine, RUN) == leases.Holding(leases.this_process(), 1, START + leases.LEASE)
    seconds.at += RENEW
    tenure.keep()
    assert leases.holding(engine, RUN).expires_at == START + timedelta(hours=2) + leases.LEASE  # type: ignore[union-attr]


def test_a_holder_doubts_its_lease_before_a_standby_takes_it(engine: Engine, clock: FixedClock) -> None:
    seconds = Counter()
    tenure = Tenure(engine, RUN, clock, seconds)
    tenure.take()
    seconds.at += IN_DOUBT - 1
    assert not tenure.in_doubt
    seconds.at += 1
    assert tenure.in_doubt
    assert IN_DOUBT + 6 < LENGTH


@pytest.mark.parametrize("wrong", [timedelta(hours=-2), timedelta(0), timedelta(hours=2)])
def test_a_standby_takes_a_silent_lease_after_its_length_however_wrong_its_clock(
    any_engine: Engine, wrong: timedelta
) -> None:
    leases.acquire(any_engine, RUN, ELSEWHERE, START)
    seconds = Counter(each=1.0)
    fence = asyncio.run(stand_by(any_engine, RUN, FixedClock(START + wrong), seconds, look=0))
    assert fence.epoch == 2
    assert LENGTH <= seconds.at <= 30


def test_a_standby_leaves_a_lease_alone_that_moves(engine: Engine) -> None:
    """Renewed by a holder whose clock stands two hours behind ours: it would have ended long ago by the wall."""
    held, holders = leases.acquire(engine, RUN, ELSEWHERE, START), FixedClock(START)

    class Renewing(Counter):
        def __call__(self) -> float:
            if super().__call__() % 8 == 0 and self.at <= 80:
                holders.advance(timedelta(seconds=8))
                leases.renew(engine, held, holders.now())
            return self.at

    seconds = Renewing(each=1.0)
    asyncio.run(stand_by(engine, RUN, FixedClock(START + timedelta(hours=2)), seconds, look=0))
    assert seconds.at >= 80 + LENGTH


def test_a_lease_given_back_is_taken_at_the_next_look(engine: Engine, clock: FixedClock) -> None:
    fence = leases.acquire(engine, RUN, ELSEWHERE, clock.now())
    leases.release(engine, fence, clock.now())
    seconds = Counter(each=1.0)
    assert asyncio.run(stand_by(engine, RUN, clock, seconds, look=0)).epoch == 2
    assert seconds.at < 5


def test_of_two_that_watched_the_same_lease_one_takes_it(engine: Engine, clock: FixedClock) -> None:
    leases.acquire(engine, RUN, ELSEWHERE, clock.now())
    seen = leases.holding(engine, RUN)
    leases.acquire(engine, RUN, "second:1:1", clock.now(), unmoved=seen)
    with pytest.raises(Conflict, match="being run by second"):
        leases.acquire(engine, RUN, "third:1:1", clock.now(), unmoved=seen)


def test_what_the_database_did_not_take_is_said_again() -> None:
    tries = iter([DatabaseAway("away"), DatabaseAway("away"), None])

    def say() -> str:
        if (trouble := next(tries)) is not None:
            raise trouble
        return "said"

    assert asyncio.run(when_back(say)) == "said"


@pytest.mark.real
def test_a_client_cut_off_in_the_midst_of_a_write_does_not_keep_everybody_from_writing(
    postgres_url: str,
) -> None:
    """Its transaction holds the one write lock; the server ends it after some seconds of silence."""
    from cutover.store.engine import writing

    silent, other = open_engine(postgres_url), open_engine(postgres_url)
    with pytest.raises(DatabaseAway), writing(silent):
        assert leases.acquire(other, RUN, ELSEWHERE, START).epoch == 1
    silent.dispose()
    other.dispose()
