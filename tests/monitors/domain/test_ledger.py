"""Each case file is somewhere, and the sum comes out."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Command, Event
from cutover.core.refusal_words import spoken
from monitors.domain import ledger
from monitors.domain.check import LedgerCheck, Status
from monitors.domain.ledger import (
    CASE_FILE,
    FILES,
    AcceptFile,
    AcknowledgeFile,
    BuildFile,
    FileStage,
    FileState,
    HandDeliverFile,
    RejectFile,
    SendFile,
    Summary,
    judge,
    summarise,
)

START = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS: tuple[type[Event], ...] = ledger.EVENTS
BUILD = BuildFile(by="Bo", case="01/123", content_sha256="a" * 64)
SEND = SendFile(by="forwarder", reference="F-1")
ACKNOWLEDGE, ACCEPT = AcknowledgeFile(by="forwarder"), AcceptFile(by="forwarder")
REJECT = RejectFile(by="forwarder", reason="no statement")
HAND = HandDeliverFile(by="Bo", receipt="R-17", to="duty prosecutor")
COMMANDS: list[Command] = [BUILD, SEND, ACKNOWLEDGE, ACCEPT, REJECT, HAND]
CHECKED = LedgerCheck.model_validate(
    {"kind": "ledger", "id": "l", "title": "L", "owner": "bo", "standard": "2h", "waiting_standard": "6h"}
)


def file(*commands: Command, at: datetime = START) -> FileState:
    state = CASE_FILE.start
    for command in commands:
        state, _ = CASE_FILE.apply(state, command, at)
    return state


def test_the_table_is_sound() -> None:
    assert FILES.faults() == []


def test_every_move_the_table_does_not_list_is_refused() -> None:
    for stage, event in itertools.product(FileStage, EVENTS):
        if not FILES.allows(stage, event):
            with pytest.raises(Refused, match=f"A case file that is {spoken(stage)} cannot"):
                FILES.next(stage, event)


def test_a_file_is_sent_once() -> None:
    with pytest.raises(Refused, match="A case file that is sent cannot be sent"):
        CASE_FILE.decide(file(BUILD, SEND), SEND, START)


def test_whoever_accepts_a_file_has_acknowledged_it() -> None:
    kinds = [type(event).__name__ for event in CASE_FILE.decide(file(BUILD, SEND), ACCEPT, START)]
    assert kinds == ["FileAcknowledged", "FileAccepted"]


def test_a_file_that_cannot_wait_goes_by_hand_against_a_receipt() -> None:
    by_hand = file(BUILD, SEND, HAND)
    assert (by_hand.stage, by_hand.note) == (FileStage.HAND_DELIVERED, "R-17")
    assert summarise([by_hand, file(BUILD, HAND)], START) == Summary(
        built=2, sent=1, acknowledged=1, by_hand=2
    )


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(Refused, match="not known"):
        CASE_FILE.decide(CASE_FILE.start, Command(by="Dev"), START)


@given(st.lists(st.lists(st.sampled_from(COMMANDS), max_size=8), max_size=8))
def test_sent_is_acknowledged_and_rejected_and_in_flight_after_any_history(
    histories: list[list[Command]],
) -> None:
    files = []
    for wishes in histories:
        state = CASE_FILE.start
        for wish in wishes:
            try:
                state, _ = CASE_FILE.apply(state, wish, START)
            except Refused:
                continue
        files.append(state)
    summary = summarise(files, START)
    assert summary.holds
    assert summary.sent == summary.acknowledged + summary.rejected + summary.in_flight
    assert summary.built == summary.waiting + summary.sent + (
        summary.by_hand - sum(f.stage is FileStage.HAND_DELIVERED and f.sent_at is not None for f in files)
    )


def test_the_oldest_unacknowledged_is_measured_from_its_sending_and_the_waiting_from_its_building() -> None:
    files = [
        file(BUILD, SEND),
        file(BUILD, SEND, at=START + HOUR),
        file(BUILD, SEND, ACKNOWLEDGE, at=START - HOUR),
        file(BUILD),
    ]
    summary = summarise(files, START + 3 * HOUR)
    assert (summary.in_flight, summary.oldest_in_flight, summary.oldest_waiting) == (2, 3 * HOUR, 3 * HOUR)


@pytest.mark.parametrize(
    ("summary", "status", "detail"),
    [
        (Summary(), Status.OK, "0 sent, 0 in flight"),
        (
            Summary(sent=3, in_flight=1, acknowledged=2, oldest_in_flight=2 * HOUR),
            Status.OK,
            "3 sent, 1 in flight",
        ),
        (
            Summary(sent=1, in_flight=1, oldest_in_flight=3 * HOUR),
            Status.CRITICAL,
            "1 in flight, the oldest unacknowledged for 3h",
        ),
        (
            Summary(waiting=2, oldest_waiting=7 * HOUR),
            Status.WARNING,
            "2 waiting to be sent, the oldest for 7h",
        ),
        (
            Summary(sent=5, acknowledged=3, in_flight=1),
            Status.CRITICAL,
            "1 of 5 sent files are unaccounted for",
        ),
    ],
)
def test_the_ledger_is_judged_by_its_identity_and_its_oldest_file(
    summary: Summary, status: Status, detail: str
) -> None:
    result = judge(CHECKED, summary)
    assert (result.status, result.detail) == (status, detail)
