"""Of each running limit people are warned once, and told once that it is missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.clocks import StatutoryClock
from contingency.domain.warnings import WARNINGS, LimitsMissed, LimitsNear, TellLimits, WarningState, judged
from cutover.core.event import Event, Fact

AT = datetime(2026, 10, 24, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


def clock(due_in: timedelta, *, stopped: bool = False, stands: bool = False) -> StatutoryClock:
    due = AT + due_in
    return StatutoryClock("review", "review of detention", due - 6 * HOUR, due, due - HOUR, stopped, AT - HOUR if stands else None)  # fmt: skip


def told(
    state: WarningState, clocks: dict[str, StatutoryClock], now: datetime
) -> tuple[WarningState, list[Event]]:
    near, missed = judged(((name, "central", one) for name, one in clocks.items()), now)
    wish = TellLimits(by="watch", near=near, missed=missed, to=("jo",), escalate_to=("asha", "jo"))
    events = list(WARNINGS.decide(state, wish, now))
    for event in events:
        state = WARNINGS.evolve(state, Fact(at=now, actor="watch", event=event))
    return state, events


def test_one_is_warned_of_then_missed_each_once() -> None:
    """The miss goes to those it is escalated to as well, each of them once."""
    state, clocks = WarningState(), {"CU1": clock(HOUR)}
    state, first = told(state, clocks, AT)
    assert [(type(e), e.to) for e in first if isinstance(e, LimitsNear)] == [(LimitsNear, ("jo",))]
    assert told(state, clocks, AT + HOUR / 2)[1] == []
    state, second = told(state, clocks, AT + HOUR)
    assert [(type(e), e.to) for e in second if isinstance(e, LimitsMissed)] == [
        (LimitsMissed, ("jo", "asha"))
    ]
    assert told(state, clocks, AT + 9 * HOUR)[1] == []


def test_who_was_not_watching_hears_of_the_miss_alone() -> None:
    _, events = told(WarningState(), {"CU1": clock(-HOUR)}, AT)
    assert [type(event) for event in events] == [LimitsMissed]


def test_a_review_that_was_held_is_a_new_limit() -> None:
    state, _ = told(WarningState(), {"CU1": clock(HOUR)}, AT)
    _, events = told(state, {"CU1": clock(9 * HOUR)}, AT + 8 * HOUR)
    assert [type(event) for event in events] == [LimitsNear]


def test_what_has_stopped_or_stands_still_is_told_to_nobody() -> None:
    clocks = {"A": clock(HOUR, stopped=True), "B": clock(HOUR / 2, stands=True), "C": clock(2 * HOUR)}
    assert told(WarningState(), clocks, AT)[1] == []


def test_a_crowd_is_told_together_and_what_falls_due_sooner_does_not_wait() -> None:
    """One notice in half an hour; the next tells all that came meanwhile; ten minutes before the limit is too late to wait."""
    half = HOUR / 2

    def look(state: WarningState, clocks: dict[str, StatutoryClock], now: datetime) -> tuple[WarningState, list[int]]:  # fmt: skip
        near, missed = judged(((name, "central", one) for name, one in clocks.items()), now)
        wish = TellLimits(by="watch", near=near, missed=missed, to=("jo",), every=half)
        events = WARNINGS.decide(state, wish, now)
        for event in events:
            state = WARNINGS.evolve(state, Fact(at=now, actor="watch", event=event))
        return state, [len(e.limits) for e in events if isinstance(e, LimitsNear | LimitsMissed)]

    pile = {f"R{n}": clock(HOUR + n * timedelta(minutes=1)) for n in range(40)}
    state, told_ = WarningState(), list[list[int]]()
    for minute in range(31):
        state, counts = look(state, pile, AT + minute * timedelta(minutes=1))
        told_.append(counts)
    assert [counts for counts in told_ if counts] == [[1], [30]]
    assert look(state, {"SOON": clock(HOUR * 2 / 3)}, AT + half)[1] == [1]


def test_a_limit_of_a_day_waits_for_its_like_and_one_of_an_hour_does_not() -> None:
    """Both are told in time: the day's two hours before, the hour's half an hour before."""
    half = HOUR / 2

    def notices(warned: timedelta) -> list[int]:
        """One more falls due every five minutes; they are looked at every five minutes, for six hours."""
        state, found = WarningState(), list[int]()
        for look in range(72):
            now = AT + look * HOUR / 12
            pile = (
                (
                    f"R{n}",
                    "central",
                    StatutoryClock("r", "r", AT, due := AT + warned + n * HOUR / 12, due - warned),
                )
                for n in range(150)
            )
            near, _ = judged(pile, now)
            events = WARNINGS.decide(
                state, TellLimits(by="watch", near=near, missed=(), to=("jo",), every=half), now
            )
            for event in events:
                state = WARNINGS.evolve(state, Fact(at=now, actor="watch", event=event))
            found += [len(e.limits) for e in events if isinstance(e, LimitsNear)]
        return found

    assert notices(4 * HOUR) == [1, 24, 24]
    assert notices(HOUR) == [1, *[6] * 11]


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=8), st.lists(st.integers(0, 600), max_size=12))
def test_however_often_it_is_looked_nothing_is_told_twice(dues: list[int], looks: list[int]) -> None:
    """Any pile, any looks: each limit is near at most once and missed exactly once when it ran out."""
    clocks = {f"R{i}": clock(timedelta(minutes=due)) for i, due in enumerate(dues)}
    state, near, missed = WarningState(), list[str](), list[str]()
    for minutes in sorted(looks):
        state, events = told(state, clocks, AT + timedelta(minutes=minutes))
        for event in events:
            assert isinstance(event, LimitsNear | LimitsMissed)
            (near if isinstance(event, LimitsNear) else missed).extend(one.record for one in event.limits)
    last = max(looks, default=None)
    out = {name for name, one in clocks.items() if last is not None and one.due_at <= AT + timedelta(minutes=last)}  # fmt: skip
    assert len(near) == len(set(near))
    assert len(missed) == len(set(missed))
    assert set(missed) == out
