"""Two nights as they were: custody killed, and a receiver that takes files and never acknowledges them."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.clock import FixedClock
from cutover.store.clock_file import ScaledPace
from cutover.store.desk import Desk
from monitors.asking import judged_ledger
from monitors.domain import health
from monitors.domain.check import HttpCheck, Status, critical, ok
from monitors.domain.health import CHECK, RecordResult, next_due
from monitors.forwarder import Forwarder
from monitors.ledger_service import LedgerService
from monitors.service import MonitorService
from monitors.session import open_session
from tests.conftest import START
from tests.monitors.conftest import CHECKS, Target
from tests.monitors.test_prober import down_between, minutes, prober, run_until

SECOND = timedelta(seconds=1)


@given(interval=st.integers(2, 3600), share=st.floats(0.01, 1.0), phase=st.floats(0, 1))
@pytest.mark.requirement("R4")
def test_custody_killed_at_any_moment_is_hard_within_three_intervals_and_recovered_likewise(
    interval: int, share: float, phase: float
) -> None:
    """Three attempts, two successes: whatever the retry, and whenever between two questions it dies and comes back."""
    span = timedelta(seconds=interval)
    check = HttpCheck.model_validate(
        {"kind": "http", "id": "c", "title": "C", "owner": "asha", "system": "s", "interval": span, "retry_interval": share * span, "max_attempts": 3, "recover_after": 2}
    )  # fmt: skip
    state, now, counted = CHECK.start, START, START
    killed, back = START + phase * span, START + phase * span + 20 * span
    hard_at = well_at = None
    while now < back + 10 * span:
        result = critical("killed") if killed <= now < back else ok()
        command = RecordResult(by="prober", result=result, max_attempts=3, recover_after=2)
        state, _ = CHECK.apply(state, command, now)
        hard_at = hard_at or (now if state.hard is Status.CRITICAL else None)
        well_at = well_at or (now if hard_at and state.hard is Status.OK else None)
        counted = now
        now = next_due(state, check, counted, now)
    assert hard_at is not None
    assert well_at is not None
    assert (hard_at - killed <= 3 * span, well_at - back <= 3 * span) == (True, True)


@pytest.mark.real
@pytest.mark.requirement("R4")
def test_custody_killed_is_seen_by_the_real_prober_within_three_intervals(
    monitors: MonitorService, target: Target, tmp_path: Path
) -> None:
    pace = ScaledPace(tmp_path / "clock.json", START, float("inf"))
    down_between(target, pace, 12, 32)
    run_until(prober(monitors, target, pace), pace, START + timedelta(minutes=60))
    hard, well = monitors.history("custody")
    assert (hard.status, well.status) == (Status.CRITICAL, Status.OK)
    assert (minutes(hard.at) - 12 <= 15, minutes(well.at) - 32 <= 15) == (True, True)


@pytest.mark.real
def test_no_acknowledgement_is_caught_within_one_cycle_and_nothing_is_sent_twice_or_lost(
    monitor_desk: Desk, clock: FixedClock, target: Target
) -> None:
    """The receiver takes ten files and drops every acknowledgement; the standard is two hours, the cycle 15 minutes."""
    ledger, monitors = LedgerService(monitor_desk), MonitorService(monitor_desk, CHECKS)
    forwarder, check = Forwarder(ledger, lambda: {"case_transfer": target.url}), CHECKS[2]
    target.verdict = {"state": "received"}
    for i in range(10):
        ledger.build(f"case-{i}", f"case-{i}", hashlib.sha256(b"x").hexdigest(), by="case-builder")
    judge, seen = judged_ledger(ledger.summary), []

    async def night() -> None:
        async with open_session() as session:
            while clock.now() < START + timedelta(hours=6):
                await forwarder.cycle(session, clock.now())
                monitors.record("transfer", judge(check, clock.now()))
                state = monitors.state("transfer")
                seen.append((clock.now(), state.status))
                clock.advance(check.interval)
                if clock.now() == START + timedelta(hours=4):
                    target.verdict = {"state": "accepted"}

    asyncio.run(night())
    first = next(at for at, status in seen if status is Status.CRITICAL)
    assert first - START <= timedelta(hours=2) + check.interval
    assert seen[-1][1] is Status.OK
    assert len(target.files) == 10
    assert ledger.summary().holds
    assert (ledger.summary().accepted, ledger.summary().in_flight) == (10, 0)
    assert [c.status for c in monitors.history("transfer")] == [Status.CRITICAL, Status.OK]
    assert health.Stage.OK is monitors.health("transfer").stage
