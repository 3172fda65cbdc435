"""Stationery: numbers are printed and issued in order, each once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Conflict, Refused
from cutover.core.event import Fact
from paper_capture.domain.moves import SheetReturned
from paper_capture.domain.serial import HIGHEST
from paper_capture.domain.stationery import (
    LARGEST,
    STATIONERY,
    IssueBlock,
    PrintBlock,
    StationeryState,
    evolve,
)
from tests.paper_capture.world import NOON


def print_block(first: int, count: int) -> PrintBlock:
    return PrintBlock(by="Asha", form_type="crime", prefix="CR", first=first, count=count)


def issue_block(first: int, count: int, station: str = "north") -> IssueBlock:
    return IssueBlock(by="Asha", form_type="crime", prefix="CR", first=first, count=count, station=station)


@given(st.lists(st.tuples(st.sampled_from(["print", "issue"]), st.integers(1, 50))))
def test_no_number_is_issued_twice_or_before_it_is_printed(wishes: list[tuple[str, int]]) -> None:
    state, issued = StationeryState(), []
    for wish, count in wishes:
        command = (
            print_block(state.printed + 1, count) if wish == "print" else issue_block(state.issued + 1, count)
        )
        try:
            state, _ = STATIONERY.apply(state, command, NOON)
        except Refused:
            assert isinstance(command, IssueBlock)
            assert count > state.stock
            continue
        if isinstance(command, IssueBlock):
            issued += range(command.first, command.first + count)
    assert issued == list(range(1, len(issued) + 1))
    assert len(issued) <= state.printed


def test_a_number_that_is_not_the_next_free_one_is_a_conflict() -> None:
    state, _ = STATIONERY.apply(StationeryState(), print_block(1, 10), NOON)
    with pytest.raises(Conflict, match="not the next free one \\(11\\)"):
        STATIONERY.apply(state, print_block(10, 1), NOON)
    with pytest.raises(Conflict, match="not the next free one \\(1\\)"):
        STATIONERY.apply(state, issue_block(2, 1), NOON)


@pytest.mark.parametrize("count", [0, -1, LARGEST + 1])
def test_a_block_has_a_size_that_somebody_can_carry(count: int) -> None:
    with pytest.raises(Refused, match="a block has 1 to"):
        STATIONERY.apply(StationeryState(), print_block(1, count), NOON)


def test_numbers_end_where_seven_digits_end() -> None:
    with pytest.raises(Refused, match="numbers end at 9999999"):
        STATIONERY.apply(StationeryState(printed=HIGHEST), print_block(HIGHEST + 1, 1), NOON)


def test_sheets_are_issued_to_a_station_or_not_at_all() -> None:
    with pytest.raises(Refused, match="no station"):
        STATIONERY.apply(StationeryState(printed=5), issue_block(1, 1, station=""), NOON)


def test_a_fact_of_another_machine_is_refused() -> None:
    with pytest.raises(Refused, match="not of this machine"):
        evolve(StationeryState(), Fact(SheetReturned(), NOON, "Bo"))
