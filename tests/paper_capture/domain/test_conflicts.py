"""A move told twice stays open until somebody else than its teller decides, with a reason; the same telling again is nothing new."""

from __future__ import annotations

import pytest

from cutover.core.errors import Refused
from paper_capture.domain.conflicts import (
    CONFLICT,
    CONFLICTS,
    ChooseTelling,
    Conflict,
    ConflictStage,
    Telling,
    TellTwice,
)
from tests.paper_capture.world import NOON

FIRST, OTHER = {"writer": "PC Król"}, {"writer": "PC Other"}


def told(state: Conflict, said: dict[str, str], by: str = "PC 412") -> Conflict:
    wish = TellTwice(
        by=by, station="north", stands=FIRST, told=Telling(said=said, by=by, saved_at=NOON)
    )  # fmt: skip
    return CONFLICT.apply(state, wish, NOON)[0]


def chosen(state: Conflict, number: int, reason: str = "as the paper says", by: str = "viktor") -> Conflict:
    return CONFLICT.apply(state, ChooseTelling(by=by, chosen=number, reason=reason), NOON)[0]


def test_the_table_is_sound() -> None:
    assert CONFLICTS.faults() == []


def test_each_other_telling_is_kept_once_and_what_stands_is_none() -> None:
    state = told(told(told(Conflict(), OTHER), OTHER), FIRST)
    assert (state.stage, len(state.told)) == (ConflictStage.OPEN, 1)


def test_a_person_decides_with_a_reason_and_never_the_one_who_told_it() -> None:
    state = told(Conflict(), OTHER)
    with pytest.raises(Refused) as refusal:
        chosen(state, 2, reason="", by="PC 412")
    assert len(refusal.value.reasons) == 3
    settled = chosen(state, 1)
    assert (settled.is_open, settled.chosen, settled.decided_by) == (False, 1, "viktor")
    with pytest.raises(Refused):
        chosen(settled, 0)


def test_a_third_telling_opens_it_again() -> None:
    again = told(chosen(told(Conflict(), OTHER), 0), {"writer": "PC Third"})
    assert (again.is_open, again.chosen, len(again.told)) == (True, None, 2)
