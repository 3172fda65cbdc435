"""What must be sent is due until it was, once for each notice, later and later after failures."""

from datetime import timedelta

import pytest

from cutover.store.engine import writing
from cutover.store.outbox import CLAIM, Message, claim, due, enqueue, mark_failed, mark_sent


def notice(number: int) -> Message:
    return Message(f"n{number}", "file", "partners", f"Notice {number}", "custody is on paper")


def put(engine, now, *numbers):
    with writing(engine) as connection:
        enqueue(connection, [notice(n) for n in numbers], now)


def test_a_message_is_due_until_it_was_sent(any_engine, clock):
    put(any_engine, clock.now(), 1, 2)
    assert due(any_engine, clock.now()) == [notice(1), notice(2)]
    mark_sent(any_engine, notice(1), clock.now())
    assert due(any_engine, clock.now()) == [notice(2)]


def test_the_same_notice_twice_is_one(any_engine, clock):
    put(any_engine, clock.now(), 1, 1)
    put(any_engine, clock.now(), 1)
    mark_sent(any_engine, notice(1), clock.now())
    put(any_engine, clock.now(), 1)
    assert due(any_engine, clock.now()) == []


def test_oldest_first_and_no_more_than_asked(any_engine, clock):
    put(any_engine, clock.now() + timedelta(minutes=1), 1)
    put(any_engine, clock.now(), 3, 2)
    later = clock.now() + timedelta(hours=1)
    assert [m.id for m in due(any_engine, later)] == ["n2", "n3", "n1"]
    assert [m.id for m in due(any_engine, later, limit=1)] == ["n2"]


def test_a_failed_one_waits_longer_each_time_and_an_hour_at_most(any_engine, clock):
    put(any_engine, clock.now(), 1)
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        mark_failed(any_engine, notice(1), clock.now())
        assert due(any_engine, clock.now() + timedelta(minutes=minutes, seconds=-1)) == []
        clock.advance(timedelta(minutes=minutes))
        assert due(any_engine, clock.now()) == [notice(1)]


def test_a_message_of_a_transaction_that_failed_was_never_there(any_engine, clock):
    def fail():
        with writing(any_engine) as connection:
            enqueue(connection, [notice(1)], clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert due(any_engine, clock.now()) == []


def test_of_two_that_would_send_it_one_does(any_engine, clock):
    """Whoever took it and died leaves it to others after a while."""
    put(any_engine, clock.now(), 1)
    assert [claim(any_engine, notice(1), clock.now()) for _ in range(2)] == [True, False]
    assert due(any_engine, clock.now()) == []
    assert due(any_engine, clock.now() + CLAIM) == [notice(1)]
    mark_sent(any_engine, notice(1), clock.now())
    assert not claim(any_engine, notice(1), clock.now() + CLAIM)
