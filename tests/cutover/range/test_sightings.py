"""What saw each fault, and how long it took: an outage that no check of that system believed is said to be missed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cutover.core.event import Event, Recorded
from cutover.range.faults import FaultPlan
from cutover.range.sightings import Sighting, sightings
from monitors.domain.check import Status
from monitors.domain.health import CheckWentHard, check_stream
from runbooks.domain.run_events import ForecastMoved

OPENS = datetime(2026, 10, 23, 21, tzinfo=UTC)
WATCHED = {"custody-health": "custody", "records-health": "new_records"}
OUTAGE = [
    {"at": "50h", "system": "custody", "set": {"down": True}},
    {"at": "56h", "system": "custody", "set": {"down": False}},
]


def fact(hours: float, event: Event, stream: str) -> Recorded:
    at = OPENS + timedelta(hours=hours)
    return Recorded(
        position=1, stream=stream, seq=1, at=at, recorded_at=at, actor="prober", event=event,
        cause=None, idempotency_key=None, hash="",
    )  # fmt: skip


def hard(check: str, hours: float, status: Status = Status.CRITICAL) -> Recorded:
    at = OPENS + timedelta(hours=hours)
    return fact(hours, CheckWentHard(status=status, since=at), check_stream(check))


def seen(faults: list[Mapping[str, Any]], *facts: Recorded) -> list[Sighting]:
    return sightings(FaultPlan.model_validate({"faults": faults}), facts, OPENS, WATCHED, "Europe/London")


def test_an_outage_is_seen_by_the_first_check_of_that_system_which_is_believed() -> None:
    (one,) = seen(OUTAGE, hard("custody-health", 50.1), hard("custody-health", 55))
    assert (one.after, one.by, one.missed) == (timedelta(minutes=6), "custody-health was CRITICAL", False)


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (hard("records-health", 51),),
        (hard("custody-health", 49.9),),
        (hard("custody-health", 56.1),),
    ],
    ids=["nothing", "another system's check", "before it", "after it was over"],
)
def test_an_outage_is_missed_when_only_something_else_was_believed(facts: tuple[Recorded, ...]) -> None:
    (one,) = seen(OUTAGE, *facts)
    assert one.missed
    assert str(one) == "NOT SEEN by anything"


def test_an_outage_that_is_never_mended_may_be_seen_at_any_time() -> None:
    (one,) = seen(OUTAGE[:1], hard("custody-health", 71, Status.UNKNOWN))
    assert (one.after, one.by) == (timedelta(hours=21), "custody-health was UNKNOWN")


def test_a_slow_system_and_lost_acknowledgements_need_not_be_seen() -> None:
    moved = ForecastMoved(
        p50=OPENS, p80=OPENS + timedelta(hours=70), p95=OPENS, chance_to_miss=0.1, cause="slower than planned"
    )
    slow, lost = seen(
        [
            {"at": "1h", "system": "new_records", "set": {"slow": 1.8}},
            {"at": "2h", "system": "case_transfer", "set": {"drop_acknowledgements": 3}},
        ],
        fact(3, moved, "run:one"),
    )
    assert (slow.after, slow.needed) == (timedelta(hours=2), False)
    assert str(lost) == "taken up by the work; nothing had to see it"
