"""Whether paper is brought back at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contingency.domain.terms import Terms
from contingency.domain.working import (
    EVENTS,
    WORKING,
    WORKINGS,
    GiveUpTarget,
    PauseConversion,
    PlannedTooEarlyError,
    ResumeConversion,
    Stage,
    TakeBatch,
    WelcomeTarget,
    Working,
)
from cutover.core.errors import Refused
from cutover.core.event import Command
from cutover.domain.programme import Hours
from tests.conftest import START


def after(*commands: Command) -> Working:
    state = Working()
    for command in commands:
        state, _ = WORKING.apply(state, command, START)
    return state


def take(n: int) -> TakeBatch:
    return TakeBatch(by="tova", after=n, hand="0", records=3)


PAUSE = PauseConversion(by="chen", reason="wrong district")


def test_the_table_is_whole() -> None:
    """Reachable, and what it does not list is refused."""
    assert WORKINGS.faults() == []
    for stage in Stage:
        for event in EVENTS:
            if not WORKINGS.allows(stage, event):
                with pytest.raises(Refused):
                    WORKINGS.next(stage, event)


def test_a_batch_planned_before_another_was_taken_is_planned_again() -> None:
    """Two workers with the two sheets of one event cannot both begin."""
    state = after(take(0))
    with pytest.raises(PlannedTooEarlyError, match="plan again"):
        WORKING.apply(state, take(0), START)
    assert after(take(0), take(1)).batches == 2


def test_nothing_is_taken_while_paused_and_a_pause_has_a_reason() -> None:
    """Who paused it stands in the refusal."""
    with pytest.raises(Refused, match="paused by chen: wrong district"):
        WORKING.apply(after(PAUSE), take(0), START)
    with pytest.raises(Refused, match="reason"):
        after(PauseConversion(by="chen", reason=" "))
    assert after(PAUSE, ResumeConversion(by="chen"), take(0)).batches == 1


def test_a_target_that_was_given_up_is_welcomed_once() -> None:
    """Welcomed while nobody had given it up, nothing happens."""
    away = after(GiveUpTarget(by="tova", reason="503", until=START))
    assert (away.away, away.away_until) == ("503", START)
    assert after(WelcomeTarget(by="tova")) == Working()
    assert WORKING.apply(away, WelcomeTarget(by="tova"), START)[0].away == ""


CLOSED = Terms(
    closed=(
        Hours(days="sun", opens="01:00", closes="02:30"),
        Hours(days="mon", opens="23:00", closes="00:00"),
    ),
    zone="Europe/London",
)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-10-24T23:59", None),
        (
            "2026-10-25T00:30",
            "2026-10-25T02:30",
        ),  # 01:30 summer time: an hour and a half to go, and the hour twice
        ("2026-10-25T01:30", "2026-10-25T02:30"),
        ("2026-10-25T02:30", None),
        ("2026-10-26T23:30", "2026-10-27T00:00"),
    ],
)
def test_maintenance_hours_are_a_wall_clocks(now: str, until: str | None) -> None:
    """On the night on which the clocks go back they last an hour longer."""
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert CLOSED.closed_until(at) == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)
    assert Terms().closed_until(at + timedelta(0)) is None
