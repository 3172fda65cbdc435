"""The alerts of others count when they fit; their silence is no good news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from monitors.domain.check import Reason, Status
from monitors.domain.outside import AlertsCheck, Kept, Webhook, judge_alerts

NOW = datetime(2026, 10, 26, 21, 0, tzinfo=UTC)


def alerts(**more: Any) -> AlertsCheck:
    fields = {
        "kind": "alerts",
        "id": "platform",
        "title": "The platform",
        "owner": "bo",
        "match": {"team": "platform"},
    }
    return AlertsCheck.model_validate(fields | more)


def kept(name: str, minutes: int = 0, firing: bool = True, **labels: str) -> Kept:
    return Kept(
        firing,
        NOW - timedelta(minutes=minutes),
        {"alertname": name, "team": "platform"} | labels,
        "disk full",
    )


@pytest.mark.parametrize(
    ("found", "status"),
    [
        ([], "OK"),
        ([kept("Disk")], "CRITICAL"),
        ([kept("Disk", severity="warning")], "WARNING"),
        ([kept("Disk", severity="warning"), kept("Down", severity="critical")], "CRITICAL"),
        ([kept("Disk", team="other")], "OK"),
    ],
)
def test_the_gravest_that_fits_counts(found: list[Kept], status: str) -> None:
    assert judge_alerts(alerts(), found, NOW, NOW).status == status


def test_nothing_ever_heard_is_not_well() -> None:
    assert judge_alerts(alerts(), [], None, NOW).reason is Reason.NO_DATA


@pytest.mark.parametrize(("minutes", "reason"), [(5, None), (16, Reason.STALE)])
def test_with_a_watchdog_silence_is_not_well(minutes: int, reason: Reason | None) -> None:
    check = alerts(watchdog="Watchdog")
    assert judge_alerts(check, [kept("Watchdog", minutes)], NOW, NOW).reason == reason
    assert judge_alerts(check, [], NOW, NOW).status is Status.UNKNOWN


def test_a_webhook_with_more_than_we_know_is_read_and_one_with_less_is_refused() -> None:
    read = Webhook.model_validate(
        {"version": "4", "new": 1, "alerts": [{"status": "firing", "labels": {}, "x": []}]}
    )
    assert read.alerts[0].status == "firing"
    with pytest.raises(ValidationError):
        Webhook.model_validate({"alerts": [{"status": "odd"}]})
