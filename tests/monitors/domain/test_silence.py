"""Nothing came for too long: expected events are counted by the wall clock's hours, in real hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitors.domain.silence import hours_to_notice, limit, missed
from tests.monitors.domain.flows import normal

ZONE = "Europe/London"
NOON = datetime(2026, 10, 20, 11, 30, tzinfo=UTC)


def test_a_day_expects_a_days_events() -> None:
    assert missed(normal(24), NOON, NOON + timedelta(days=1), ZONE) == pytest.approx(24)


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    begins, ends = datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 26, 0, tzinfo=UTC)
    assert missed(normal(24), begins, ends, ZONE) == pytest.approx(25)


def test_a_flow_that_sleeps_at_night_expects_nothing_then() -> None:
    office = tuple(1.0 if 9 <= h < 17 else 0.0 for h in range(24))
    night = datetime(2026, 10, 20, 20, tzinfo=UTC)
    assert missed(normal(24), night, night + timedelta(hours=8), ZONE, office) == 0
    assert missed(normal(24), night, night + timedelta(days=1), ZONE, office) == pytest.approx(24)


def test_a_long_silence_is_not_counted_to_its_end() -> None:
    assert missed(normal(2400), NOON, NOON + timedelta(days=9999), ZONE, enough=8) < 400


def test_eight_a_day_are_missed_after_a_day() -> None:
    assert hours_to_notice(8, limit(8, 365, 1, 1)) == pytest.approx(24, abs=0.5)
    assert hours_to_notice(120, limit(120, 365, 1, 1)) == pytest.approx(2.1, abs=0.1)
