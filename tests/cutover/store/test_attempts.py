"""Failed attempts are counted once for all processes, and what is over counts no more."""

from datetime import UTC, datetime, timedelta

from cutover.store.attempts import Attempts

NOW = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
WITHIN = timedelta(minutes=5)
LONG_AGO = NOW - WITHIN


def test_what_one_process_counted_the_other_counts_on(any_engine):
    one, other = Attempts(any_engine), Attempts(any_engine)
    before = [len(who.count("asha", NOW, WITHIN, 3)[1]) for who in (one, other, one, other, one)]
    assert before == [
        0,
        1,
        2,
        3,
        3,
    ]  # from the third on nothing is added: waiting is not made longer by asking
    assert other.since("chen", NOW, WITHIN) == []


def test_one_is_taken_back_all_are_forgotten_and_old_ones_are_over(any_engine):
    attempts = Attempts(any_engine)
    attempts.note(["asha", "asha", "chen"], LONG_AGO)
    mark, before = attempts.count("asha", NOW, WITHIN, 3)
    assert (before, attempts.since("chen", LONG_AGO, WITHIN)) == ([], [])
    attempts.note(["asha"], NOW)
    attempts.take_back(mark)
    assert attempts.since("asha", NOW, WITHIN) == [NOW]
    attempts.forget("asha")
    assert attempts.since("asha", NOW, WITHIN) == []


def test_after_the_clock_was_set_back_nobody_waits_until_it_has_caught_up(any_engine):
    """A machine that is a little ahead of another one counts for it all the same."""
    attempts = Attempts(any_engine)
    attempts.note(["asha"] * 5, NOW + timedelta(hours=2))
    attempts.note(["asha"], NOW + timedelta(seconds=20))
    assert attempts.since("asha", NOW, WITHIN) == [NOW + timedelta(seconds=20)]
