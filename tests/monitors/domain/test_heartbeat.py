"""Scheduled work that does not report in time is DOWN, also when it never did, also on the nights the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitors.domain.check import Reason, Status
from monitors.domain.heartbeat import Beat, Pings, judge_beat, next_due, read
from monitors.domain.kinds import HeartbeatCheck

LIVE = datetime(2026, 10, 26, 21, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONDON = "Europe/London"


def heartbeat(**more: Any) -> HeartbeatCheck:
    fields = {"kind": "heartbeat", "id": "export", "title": "Nightly export", "owner": "bo", "grace": "10m"}
    return HeartbeatCheck.model_validate(fields | (more or {"every": "1h"}))


def beat(check: HeartbeatCheck, pings: Pings, now: datetime) -> Beat:
    return read(check, pings, LIVE, LONDON, now).beat


def test_one_that_never_reported_is_new_until_its_deadline_and_then_down() -> None:
    found = [beat(heartbeat(), Pings(), LIVE + m * MINUTE) for m in (-600, 0, 59, 69, 70, 10_000)]
    assert found == [Beat.NEW, Beat.NEW, Beat.NEW, Beat.NEW, Beat.DOWN, Beat.DOWN]


def test_a_report_is_good_for_a_period_then_late_for_the_grace_then_down() -> None:
    said = Pings(succeeded=LIVE)
    found = [beat(heartbeat(), said, LIVE + m * MINUTE) for m in (0, 59, 60, 69, 70)]
    assert found == [Beat.UP, Beat.UP, Beat.LATE, Beat.LATE, Beat.DOWN]


def test_what_was_started_and_does_not_end_has_overrun() -> None:
    check = heartbeat(every="6h", longest="30m")
    running = Pings(succeeded=LIVE, started=LIVE + HOUR)
    assert beat(check, running, LIVE + HOUR + 30 * MINUTE) is Beat.UP
    assert beat(check, running, LIVE + HOUR + 31 * MINUTE) is Beat.OVERRAN
    ended = Pings(succeeded=LIVE + HOUR + 20 * MINUTE, started=LIVE + HOUR)
    assert beat(check, ended, LIVE + 2 * HOUR) is Beat.UP


def test_a_reported_failure_stands_until_the_next_success() -> None:
    failed = Pings(succeeded=LIVE, failed=LIVE + MINUTE, note="disk full")
    found = read(heartbeat(), failed, LIVE, LONDON, LIVE + 2 * MINUTE)
    assert (found.beat, found.detail) == (Beat.FAILED, "it reported a failure: disk full")
    assert (
        beat(heartbeat(), Pings(succeeded=LIVE + 2 * MINUTE, failed=LIVE + MINUTE), LIVE + 3 * MINUTE)
        is Beat.UP
    )
    assert beat(heartbeat(), Pings(failed=LIVE - HOUR), LIVE) is Beat.FAILED


def test_not_due_is_not_known_and_never_well() -> None:
    for check, pings in ((heartbeat(), Pings()), (heartbeat(every="1h", paused=True), Pings(succeeded=LIVE))):
        result = judge_beat(read(check, pings, LIVE, LONDON, LIVE))
        assert (result.status, result.reason) == (Status.UNKNOWN, Reason.NOT_DUE)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-10-24T12:00", "2026-10-25T00:30"),  # 01:30 happens twice: the first of them
        ("2026-10-25T00:31", "2026-10-26T01:30"),  # and not the second
        ("2026-03-28T12:00", "2026-03-29T01:00"),  # 01:30 does not happen: as soon as the clock is past it
        ("2026-07-01T12:00", "2026-07-02T00:30"),
    ],
)
def test_a_nightly_job_is_due_once_a_night_on_the_wall_clock(after: str, due: str) -> None:
    check = heartbeat(cron="30 1 * * *")
    found = next_due(check, datetime.fromisoformat(after).replace(tzinfo=UTC), LONDON)
    assert f"{found:%Y-%m-%dT%H:%M}" == due


@pytest.mark.parametrize("cron", ["30 1 * *", "61 * * * *", "0 0 30 2 *", "soon"])
def test_cron_fields_that_are_none_are_named(cron: str) -> None:
    with pytest.raises(ValidationError, match="expected such as 30 2"):
        heartbeat(cron=cron)


moments = st.one_of(st.none(), st.integers(-5000, 5000).map(lambda m: LIVE + m * MINUTE))


@given(succeeded=moments, started=moments, failed=moments, late=st.integers(0, 20_000))
def test_it_is_well_only_within_a_period_of_a_success(
    succeeded: datetime | None, started: datetime | None, failed: datetime | None, late: int
) -> None:
    now = LIVE + late * MINUTE
    result = judge_beat(read(heartbeat(), Pings(succeeded, started, failed), LIVE, LONDON, now))
    if result.status is Status.OK:
        assert succeeded is not None
        assert now - succeeded < HOUR
