"""Results in, states out: only changes are facts, and a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Engine, text

from cutover.core.clock import FixedClock
from cutover.core.errors import NotFound, Refused
from cutover.store.desk import Desk
from cutover.store.engine import writing
from cutover.store.projections import rebuild
from monitors.domain.check import Reason, Result, Status, critical, ok, unknown, warning
from monitors.domain.health import Stage
from monitors.service import MonitorService
from tests.conftest import START
from tests.monitors.conftest import CHECKS

MINUTE = timedelta(minutes=1)


def log(monitors: MonitorService, check_id: str, *results: Result, first: int = 0) -> Iterator[str]:
    """Record one result a minute, from minute `first`; the kinds of the changes."""
    changes = [
        c for i, r in enumerate(results) for c in monitors.record(check_id, r, START + (first + i) * MINUTE)
    ]
    return (change.event.kind() for change in changes)


DOWN = critical("no answer", 0.5)


def test_a_check_nobody_asked_yet_is_unknown_and_never_ok(monitors: MonitorService) -> None:
    view = monitors.state("custody", START)
    assert (view.status, view.reason, view.alerting, view.next_due) == (
        Status.UNKNOWN,
        Reason.NO_DATA,
        True,
        START,
    )


def test_an_outage_is_seen_soft_then_hard_then_recovered(any_desk: Desk) -> None:
    monitors = MonitorService(any_desk, CHECKS)
    list(log(monitors, "custody", ok("fine", 0.1), DOWN))
    soft = monitors.state("custody", START + MINUTE)
    assert (soft.status, soft.settled, soft.attempt, soft.alerting) == (Status.CRITICAL, False, 1, False)
    assert monitors.hard_since("custody") is None
    list(log(monitors, "custody", DOWN, DOWN, DOWN, first=2))
    hard = monitors.state("custody", START + 4 * MINUTE)
    assert (hard.status, hard.settled, hard.alerting, hard.detail) == (
        Status.CRITICAL,
        True,
        True,
        "no answer",
    )
    assert (hard.failing_since, hard.hard_since) == (START + MINUTE, START + 3 * MINUTE)
    assert monitors.hard_since("custody") == START + 3 * MINUTE
    assert (hard.last_result_at, hard.last_ok_at) == (START + 4 * MINUTE, START)
    list(log(monitors, "custody", ok(), ok(), first=5))
    assert (monitors.state("custody", START + 6 * MINUTE).status, monitors.hard_since("custody")) == (
        Status.OK,
        None,
    )
    assert [(c.status, c.at, c.since) for c in monitors.history("custody")] == [
        (Status.CRITICAL, START + 3 * MINUTE, START + MINUTE),
        (Status.OK, START + 6 * MINUTE, START + MINUTE),
    ]


def test_what_confirms_what_is_known_leaves_the_journal_alone(
    monitors: MonitorService, monitor_desk: Desk
) -> None:
    assert list(log(monitors, "custody", *[ok()] * 50)) == ["CheckPassed"]
    assert monitor_desk.journal.head().position == 1
    assert monitors.last("custody").at == START + 49 * MINUTE  # type: ignore[union-attr]


def test_a_restart_in_the_middle_of_a_suspicion_keeps_the_count(
    monitors: MonitorService, monitor_desk: Desk
) -> None:
    list(log(monitors, "custody", ok(), DOWN, DOWN))
    again = MonitorService(Desk(monitor_desk.journal, monitor_desk.clock), CHECKS)
    assert again.state("custody", START + 2 * MINUTE).attempt == 2
    assert list(log(again, "custody", DOWN, first=3)) == ["AttemptFailed", "CheckWentHard"]


def test_a_result_told_twice_or_too_late_counts_once(monitors: MonitorService) -> None:
    assert list(log(monitors, "custody", DOWN)) == ["AttemptFailed"]
    assert list(log(monitors, "custody", DOWN)) == []
    assert list(log(monitors, "custody", DOWN, first=-3)) == []
    assert monitors.state("custody").attempt == 1


def test_a_result_whose_sample_was_lost_in_a_crash_is_still_counted_once(
    monitors: MonitorService, monitor_desk: Desk, engine: Engine
) -> None:
    list(log(monitors, "custody", DOWN))
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM check_last"))
    again = MonitorService(Desk(monitor_desk.journal, monitor_desk.clock), CHECKS)
    list(log(again, "custody", DOWN))
    assert again.state("custody").attempt == 1


def test_a_check_that_falls_silent_is_unknown_stale(monitors: MonitorService) -> None:
    list(log(monitors, "custody", ok()))
    assert monitors.state("custody", START + 20 * MINUTE).status is Status.OK
    silent = monitors.state("custody", START + 21 * MINUTE)
    assert (silent.status, silent.reason, silent.hard, silent.alerting) == (
        Status.UNKNOWN,
        Reason.STALE,
        Status.OK,
        True,
    )


def test_an_acknowledgement_silences_until_its_end_and_not_a_minute_longer(
    monitors: MonitorService, clock: FixedClock
) -> None:
    list(log(monitors, "custody", DOWN, DOWN, DOWN))
    clock.advance(3 * MINUTE)
    monitors.acknowledge("custody", "Asha", START + 10 * MINUTE, "supplier called")
    held = monitors.state("custody", START + 9 * MINUTE)
    assert (held.alerting, held.acknowledged.by if held.acknowledged else "") == (False, "Asha")
    assert monitors.state("custody", START + 10 * MINUTE).alerting


def test_a_healthy_check_cannot_be_acknowledged(monitors: MonitorService) -> None:
    list(log(monitors, "custody", ok()))
    with pytest.raises(Refused, match="nothing to acknowledge: the check is ok"):
        monitors.acknowledge("custody", "Asha", START + MINUTE, "just in case")


def test_a_child_of_a_failed_parent_is_evaluated_and_alerts_nobody(monitors: MonitorService) -> None:
    list(log(monitors, "custody", DOWN, DOWN, DOWN))
    changes = list(log(monitors, "cells", DOWN, DOWN, DOWN))
    child = monitors.state("cells", START + 2 * MINUTE)
    assert changes[-1] == "CheckWentHard"
    assert (child.status, child.suppressed_by, child.alerting) == (Status.CRITICAL, ("custody",), False)


def test_all_comes_worst_first_and_agrees_with_one_by_one(any_desk: Desk) -> None:
    monitors = MonitorService(any_desk, CHECKS)
    list(log(monitors, "transfer", ok()))
    list(log(monitors, "cells", warning("slow", 6.0), warning("slow", 6.0)))
    list(log(monitors, "custody", *[unknown(Reason.ERROR, "no address")] * 3))
    now = START + 3 * MINUTE
    views = monitors.all(now)
    assert [view.check_id for view in views] == ["custody", "cells", "transfer"]
    assert views == [monitors.state(view.check_id, now) for view in views]


def test_views_rebuilt_from_the_journal_equal_the_live_ones(
    monitors: MonitorService, monitor_desk: Desk, clock: FixedClock
) -> None:
    list(log(monitors, "custody", ok(), DOWN, DOWN, DOWN, unknown(Reason.NO_DATA, "?"), ok()))
    monitors.acknowledge("custody", "Asha", clock.now() + timedelta(hours=1), "looking")
    live = monitors.all(), monitors.history()
    rebuild(monitor_desk.journal)
    assert (monitors.all(), monitors.history()) == live
    assert monitors.health("custody").stage is Stage.RECOVERING


def test_hours_are_rolled_up_with_counts_and_latencies(any_desk: Desk) -> None:
    monitors = MonitorService(any_desk, CHECKS)
    list(log(monitors, "custody", ok("", 0.2), ok("", 0.4), DOWN, unknown(Reason.ERROR, "?")))
    list(log(monitors, "custody", ok(), first=60))
    first, second = monitors.hours("custody")
    assert (first.hour, first.samples, first.ok, first.critical, first.unknown) == (START, 4, 2, 1, 1)
    assert first.latency_mean == pytest.approx(1.1 / 3)
    assert (first.latency_max, second.latency_max, second.samples) == (0.5, None, 1)


def test_an_unknown_check_is_named_with_the_nearest(monitors: MonitorService) -> None:
    with pytest.raises(NotFound, match="no check named 'custdy'; did you mean 'custody'"):
        monitors.record("custdy", ok())


def test_the_history_of_a_check_in_a_downtime_and_in_hand_is_that_of_any_other(any_desk: Desk) -> None:
    """Two checks see the same 80 results; one of them is silenced and taken in hand whenever it may be."""
    two = [check.model_copy(update={"parents": ()}) for check in CHECKS[:2]]
    monitors, draw = MonitorService(any_desk, two), Random(7)
    monitors.announce("patching", "Asha", START, START + 60 * MINUTE, "patching", checks=["custody"])
    results = [draw.choice([ok(), ok("fine", 0.1), DOWN, DOWN, unknown(Reason.NO_DATA, "nothing")]) for _ in range(80)]  # fmt: skip
    for n, result in enumerate(results):
        at = START + n * MINUTE
        for check in two:
            monitors.record(check.id, result, at)
        with suppress(Refused):
            monitors.acknowledge("custody", "Bo", at + 5 * MINUTE, "looking")
    said = {c.id: [(h.at, h.status, h.reason, h.since) for h in monitors.history(c.id)] for c in two}
    assert said["custody"] == said["cells"]
    assert len(said["cells"]) > 3
    assert monitors.hours("custody") == monitors.hours("cells")
    silenced, other = (monitors.state(check.id, START + 80 * MINUTE) for check in two)
    assert (silenced.stage, silenced.hard, silenced.flapping) == (other.stage, other.hard, other.flapping)
