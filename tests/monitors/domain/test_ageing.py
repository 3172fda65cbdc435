"""Ages come from where items begin, so what is in no queue is seen; a backlog that never clears says never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from monitors.domain.ageing import AgeingCheck, Ages, Lists, ages, clearance, items, judge_ages
from monitors.domain.check import Status

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CHECK = AgeingCheck.model_validate(
    {
        "id": "triage", "kind": "ageing", "title": "Triage", "owner": "bo", "standard": "48h",
        "upstream": {"kind": "csv", "path": "a.csv"}, "done": {"kind": "csv", "path": "b.csv"},
    }
)  # fmt: skip


def hours_ago(**of: float) -> dict[str, datetime]:
    return {name: NOW - timedelta(hours=hours) for name, hours in of.items()}


def look(upstream: dict[str, float], done: tuple[str, ...] = (), queue: set[str] | None = None) -> Ages:
    lists = Lists(
        hours_ago(**upstream), dict.fromkeys(done, NOW), None if queue is None else frozenset(queue)
    )
    return ages(CHECK, lists, NOW)


def status(of: Ages) -> Status:
    return judge_ages(CHECK, of, NOW).status


def test_an_item_in_no_queue_is_unaccounted_on_its_first_day_though_nothing_is_old() -> None:
    of = look({"a": 20, "b": 2, "lost": 3}, done=("a",), queue={"b"})
    assert (of.unaccounted, of.lost[0].id) == (1, "lost")
    assert judge_ages(CHECK, of, NOW).detail.startswith("1 of 3 items are neither done nor in the queue")


def test_the_oldest_is_found_although_the_queue_does_not_hold_it() -> None:
    of = look({"lost": 200, "b": 2}, queue=None)
    assert of.oldest[0].id == "lost"
    assert "the oldest, lost, waits for 8d 8h" in judge_ages(CHECK, of, NOW).detail


@pytest.mark.parametrize(
    ("age", "expected"), [(47, Status.OK), (49, Status.WARNING), (71, Status.WARNING), (73, Status.CRITICAL)]
)
def test_over_the_standard_is_a_warning_and_past_the_grace_critical(age: float, expected: Status) -> None:
    assert status(look({"a": age})) is expected


def test_what_was_created_just_now_may_be_on_its_way() -> None:
    assert status(look({"new": 0.5}, queue=set())) is Status.OK


def test_what_is_done_and_in_no_register_breaks_the_balance_too() -> None:
    assert status(look({"a": 2}, done=("a", "ghost"))) is Status.CRITICAL


@pytest.mark.parametrize(
    ("completed", "arrived", "said"),
    [
        (320 * 7, 300 * 7, "34 days at last week's pace, never at a tenth less"),
        (400 * 7, 300 * 7, "7 days at last week's pace, 11 days at a tenth less"),
        (300 * 7, 300 * 7, "never at last week's pace"),
    ],
)
def test_a_backlog_of_686_clears_in_a_range_or_never(completed: int, arrived: int, said: str) -> None:
    of = look({"a": 1}).model_copy(update={"unacted": 686, "completed": completed, "arrived": arrived})
    assert clearance(of) == said


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((None, NOW), "no id"),
        (("a", None), "'a' has no moment"),
        (("a", "soon"), "'soon' is no moment"),
        (("a", NOW + timedelta(days=1)), "still to come: a clock is wrong"),
        (("a",), "row 1"),
    ],
)
def test_a_row_that_cannot_be_is_named(row: tuple[Any, ...], why: str) -> None:
    with pytest.raises(Invalid, match="triage: row 1") as caught:
        items([row], "triage", "Europe/London", NOW)
    assert why in str(caught.value)


def test_an_item_that_is_there_twice_is_named() -> None:
    with pytest.raises(Invalid, match="row 2: 'a' is there twice"):
        items([("a", NOW), ("a", NOW)], "triage", "UTC", NOW)


def test_a_wall_time_in_the_hour_that_happens_twice_is_the_earlier_one() -> None:
    """The older of the two is the graver."""
    found = items([("a", "2026-10-25T01:30")], "triage", "Europe/London", NOW)
    assert found["a"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


names = st.sets(st.sampled_from("abcdefgh"))


@given(names, names, names)
def test_every_item_is_acted_on_open_or_unaccounted(upstream: set[str], done: set[str], queue: set[str]) -> None:  # fmt: skip
    of = look(dict.fromkeys(upstream, 5.0), tuple(done), queue)
    assert of.unaccounted == len(upstream - done - queue)
    assert of.unacted == len(upstream - done)
    assert of.holds == (not upstream - done - queue and not (done | queue) - upstream)
