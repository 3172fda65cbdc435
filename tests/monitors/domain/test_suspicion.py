"""A balance that breaks opens a suspicion; only a person's word ends it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cutover.core.errors import Refused
from monitors.domain.suspicion import (
    SUSPICION,
    SUSPICIONS,
    Origin,
    ReportBreak,
    SettleSuspicion,
    Stage,
    SuspicionState,
    decide,
)

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SETTLE = SettleSuspicion(by="bo", origin=Origin.FOUND, note="in the old inbox")


def broken(missing: int, state: SuspicionState | None = None) -> SuspicionState:
    command = ReportBreak(by="w", missing=missing, created=300, done=200, open=90)
    return SUSPICION.apply(state or SuspicionState(), command, NOW)[0]


def test_the_table_has_no_faults() -> None:
    assert SUSPICIONS.faults() == []


def test_a_break_is_suspected_with_its_size_and_grows_but_does_not_shrink() -> None:
    assert broken(8).missing == 8
    assert broken(12, broken(8)).missing == 12
    assert broken(3, broken(8)).missing == 8


def test_a_person_settles_it_by_saying_what_it_was() -> None:
    state, _ = SUSPICION.apply(broken(8), SETTLE, NOW)
    assert (state.stage, state.settled_by, state.origin) == (Stage.CLEAR, "bo", Origin.FOUND)


def test_what_is_not_suspected_cannot_be_settled() -> None:
    with pytest.raises(Refused, match="A suspected backlog that is clear cannot see the suspicion settled"):
        decide(SuspicionState(), SETTLE, NOW)
