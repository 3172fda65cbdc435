"""The ledger's door: each step is taken once, and the sum of all files comes out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from cutover.store.desk import Desk
from monitors.domain.ledger import FileStage
from monitors.ledger_service import LedgerService

DIGEST = "ab" * 32


def test_a_file_goes_from_built_to_accepted_and_the_summary_follows(
    any_desk: Desk, clock: FixedClock
) -> None:
    ledger = LedgerService(any_desk)
    for name in ("f1", "f2", "f3", "f4"):
        ledger.build(name, f"case {name}", DIGEST, "Bo")
    for name in ("f1", "f2", "f3"):
        ledger.send(name, f"F-{name}", "forwarder")
    ledger.acknowledge("f1", "forwarder")
    ledger.accept("f1", "forwarder")
    ledger.reject("f2", "no statement", "forwarder")
    clock.advance(timedelta(hours=3))
    summary = ledger.summary()
    assert (summary.built, summary.waiting, summary.sent, summary.in_flight) == (4, 1, 3, 1)
    assert (summary.acknowledged, summary.accepted, summary.rejected, summary.holds) == (1, 1, 1, True)
    assert summary.oldest_in_flight == summary.oldest_waiting == timedelta(hours=3)
    assert list(ledger.files(FileStage.BUILT, FileStage.SENT)) == ["f3", "f4"]


def test_saying_a_step_again_changes_nothing(monitor_desk: Desk) -> None:
    ledger = LedgerService(monitor_desk)
    for _ in range(2):
        ledger.build("f1", "01/1", DIGEST, "Bo")
        ledger.send("f1", "F-1", "forwarder")
        ledger.accept("f1", "forwarder")
    assert monitor_desk.journal.head().position == 4
    assert ledger.file("f1").stage is FileStage.ACCEPTED


def test_other_content_under_the_same_id_is_refused(monitor_desk: Desk) -> None:
    ledger = LedgerService(monitor_desk)
    ledger.build("f1", "01/1", DIGEST, "Bo")
    with pytest.raises(Refused, match="A case file that is built cannot be built"):
        ledger.build("f1", "01/1", "cd" * 32, "Bo")


def test_a_file_carried_by_hand_is_in_flight_no_longer(monitor_desk: Desk) -> None:
    ledger = LedgerService(monitor_desk)
    ledger.build("f1", "01/1", DIGEST, "Bo")
    ledger.send("f1", "F-1", "forwarder")
    ledger.hand_deliver("f1", "R-17", "duty prosecutor", "Bo")
    assert (ledger.summary().in_flight, ledger.summary().by_hand, ledger.summary().holds) == (0, 1, True)
