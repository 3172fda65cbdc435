"""Which re-run is due: after a day, a week and a month from the first whole run; late is never made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.clock import FixedClock
from cutover.reconciliation.reruns import Rerun, Whole, is_due, overdue, rechecks
from cutover.reconciliation.sides import Side
from tests.conftest import START
from tests.cutover.reconciliation.world import World, crime

DAY = timedelta(days=1)
AGAIN = (DAY, 7 * DAY, 30 * DAY)


def _states(*runs: timedelta, now: timedelta, begins: timedelta | None = None) -> list[str]:
    whole = [Whole(i + 1, START + at) for i, at in enumerate(runs)]
    return [
        str(one)
        for one in rechecks(AGAIN, whole, START + begins if begins is not None else None, START + now)
    ]


@pytest.mark.parametrize(
    ("runs", "now", "said"),
    [
        ((), 40 * DAY, []),
        (
            (0 * DAY,),
            timedelta(hours=23),
            [
                "one day after the first run: waiting",
                "7 days after the first run: waiting",
                "30 days after the first run: waiting",
            ],
        ),
        (
            (0 * DAY,),
            DAY,
            [
                "one day after the first run: due",
                "7 days after the first run: waiting",
                "30 days after the first run: waiting",
            ],
        ),
        (
            (0 * DAY,),
            2 * DAY,
            [
                "one day after the first run: overdue",
                "7 days after the first run: waiting",
                "30 days after the first run: waiting",
            ],
        ),
        (
            (0 * DAY, timedelta(hours=9)),
            DAY,
            [
                "one day after the first run: due",
                "7 days after the first run: waiting",
                "30 days after the first run: waiting",
            ],
        ),
        (
            (0 * DAY, 3 * DAY),
            3 * DAY,
            [
                "one day after the first run: made by run 2",
                "7 days after the first run: waiting",
                "30 days after the first run: waiting",
            ],
        ),
        (
            (0 * DAY, DAY, 8 * DAY),
            31 * DAY,
            [
                "one day after the first run: made by run 2",
                "7 days after the first run: made by run 3",
                "30 days after the first run: overdue",
            ],
        ),
        (
            (0 * DAY, 40 * DAY),
            40 * DAY,
            [
                "one day after the first run: made by run 2",
                "7 days after the first run: made by run 2",
                "30 days after the first run: made by run 2",
            ],
        ),
    ],
)
def test_a_re_run_is_settled_by_the_first_whole_run_at_or_after_its_hour(
    runs: tuple[timedelta, ...], now: timedelta, said: list[str]
) -> None:
    assert _states(*runs, now=now) == said


def test_what_ran_before_the_window_was_a_trial() -> None:
    assert (
        _states(-9 * DAY, timedelta(hours=1), now=2 * DAY, begins=0 * DAY)[0]
        == "one day after the first run: due"
    )
    assert _states(-9 * DAY, now=2 * DAY, begins=0 * DAY) == []


def test_due_asks_to_be_made_and_only_overdue_is_late() -> None:
    found = rechecks(AGAIN, [Whole(1, START)], None, START + 7 * DAY)
    assert [one.state for one in found] == [Rerun.OVERDUE, Rerun.DUE, Rerun.WAITING]
    assert (is_due(found), overdue(found)) == (True, found[:1])


def test_a_freeze_begins_the_count_anew(world: World, clock: FixedClock) -> None:
    world.agree(source_frozen=True)
    world.write([crime(1)], [crime(1)])
    world.run()
    clock.set(START + 3 * DAY)
    assert str(world.service.rechecks("crimes")[0]) == "one day after the first run: overdue"
    world.service.snapshot("crimes", Side.SOURCE, by="Asha")
    assert world.service.rechecks("crimes") == ()
    world.run()
    assert str(world.service.rechecks("crimes")[0]) == "one day after the first run: waiting"


def test_a_run_without_an_answer_settles_nothing(world: World, clock: FixedClock) -> None:
    world.write([crime(1)], [crime(1)])
    world.run()
    clock.set(START + DAY)
    world.target.unlink()
    assert not world.run().passed
    assert str(world.service.rechecks("crimes")[0]) == "one day after the first run: due"
