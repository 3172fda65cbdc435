"""Case files are stored, forwarded and followed, over a real socket; none is doubled, none is lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from cutover.core.clock import FixedClock
from cutover.store.desk import Desk
from monitors.domain.ledger import FileStage
from monitors.forwarder import Forwarder, Moved
from monitors.ledger_service import LedgerService
from monitors.session import open_session
from tests.monitors.conftest import Target

pytestmark = pytest.mark.real


@pytest.fixture
def ledger(monitor_desk: Desk) -> LedgerService:
    ledger = LedgerService(monitor_desk)
    for number in (1, 2, 3):
        ledger.build(f"file-{number}", f"01/{number}", f"{number}" * 64, "Bo")
    return ledger


def cycle(ledger: LedgerService, target: Target, clock: FixedClock) -> Moved:
    async def once() -> Moved:
        async with open_session() as session:
            return await Forwarder(ledger, lambda: {"case_transfer": target.url}).cycle(session, clock.now())

    return asyncio.run(once())


def test_waiting_files_are_sent_and_followed_to_acceptance(
    ledger: LedgerService, target: Target, clock: FixedClock
) -> None:
    assert cycle(ledger, target, clock) == Moved(sent=3, kept=0, acknowledged=3)
    assert cycle(ledger, target, clock) == Moved(sent=0, kept=0, acknowledged=0)
    assert len(ledger.files(FileStage.ACCEPTED)) == len(target.files) == 3


def test_a_receiver_that_is_down_gets_them_when_it_returns(
    ledger: LedgerService, target: Target, clock: FixedClock
) -> None:
    target.takes_files = False
    assert cycle(ledger, target, clock) == Moved(sent=0, kept=3, acknowledged=0)
    target.takes_files = True
    assert cycle(ledger, target, clock).sent == 3


def test_dropped_acknowledgements_show_as_age_and_on_recovery_nothing_is_doubled(
    ledger: LedgerService, target: Target, clock: FixedClock
) -> None:
    target.verdict = {"state": "received"}
    assert cycle(ledger, target, clock) == Moved(sent=3, kept=0, acknowledged=0)
    clock.advance(timedelta(hours=2))
    assert cycle(ledger, target, clock).acknowledged == 0
    assert (ledger.summary().in_flight, ledger.summary().oldest_in_flight) == (3, timedelta(hours=2))
    assert target.asked.count("POST /files") == 6
    target.verdict = {"state": "accepted"}
    assert cycle(ledger, target, clock).acknowledged == 3
    assert (len(target.files), ledger.summary().holds, ledger.summary().accepted) == (3, True, 3)


def test_a_rejected_file_is_closed_with_the_receivers_reason(
    ledger: LedgerService, target: Target, clock: FixedClock
) -> None:
    target.verdict = {"state": "rejected", "reason": "no statement"}
    assert cycle(ledger, target, clock).acknowledged == 3
    assert {file.note for file in ledger.files(FileStage.REJECTED).values()} == {"no statement"}
    assert (ledger.summary().rejected, ledger.summary().holds) == (3, True)


def test_an_acknowledgement_may_come_before_the_acceptance(
    ledger: LedgerService, target: Target, clock: FixedClock
) -> None:
    target.verdict = {"state": "acknowledged"}
    assert cycle(ledger, target, clock).acknowledged == 3
    assert cycle(ledger, target, clock).acknowledged == 0
    assert len(ledger.files(FileStage.ACKNOWLEDGED)) == 3


def test_without_an_address_everything_is_kept(ledger: LedgerService, clock: FixedClock) -> None:
    async def once() -> Moved:
        async with open_session() as session:
            return await Forwarder(ledger, dict).cycle(session, clock.now())

    assert asyncio.run(once()) == Moved(sent=0, kept=3, acknowledged=0)
