"""A gate reads the worst cell of who is ready, and says whose it is; never the mean."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from cutover.core.errors import Invalid
from cutover.domain.readiness import Cell, Rule, judged, read_rule
from tests.conftest import START


def cell(station: str, shift: str, ready: int, needed: int = 100, **more: object) -> Cell:
    row = {"role": "custody", "station": station, "shift": shift, "ready": ready, "needed": needed,
           "counted": START, "owner": "Lewis", **more}  # fmt: skip
    return Cell.model_validate(row)


STATIONS = [cell(f"s{n}", "days", 97) for n in range(20)]
NIGHTS = cell("central", "nights", 60)


@pytest.mark.requirement("R16")
def test_one_night_shift_at_sixty_in_a_hundred_holds_the_gate_though_the_mean_is_ninety_five() -> None:
    seen = judged([*STATIONS, NIGHTS], read_rule("90"))
    assert not seen.is_met
    assert "custody, central, nights: 60 of 100 ready (60 %), Lewis answers for it" in seen.detail
    assert "1 below 90 %; all together 95 %" in seen.detail


def test_a_rule_may_ask_for_some_cells_only_and_none_of_them_is_not_met() -> None:
    assert judged([*STATIONS, NIGHTS], read_rule("90%:custody/days")).is_met
    assert not judged([*STATIONS, NIGHTS], read_rule("50:custody/central/late")).is_met
    assert not judged([], read_rule("0")).is_met


def test_it_is_as_old_as_its_oldest_count() -> None:
    older = cell("bury", "days", 99, counted=START - timedelta(days=3))
    assert judged([*STATIONS, older], Rule(90)).counted == START - timedelta(days=3)


@pytest.mark.parametrize("rule", ["", "many", "101", "-1", ":custody"])
def test_a_rule_that_asks_for_nothing_is_refused(rule: str) -> None:
    with pytest.raises(Invalid, match="asks for nothing"):
        read_rule(rule)


@pytest.mark.parametrize(("ready", "needed"), [(5, 4), (-1, 4), (0, 0)])
def test_more_than_all_and_a_cell_that_needs_nobody_are_no_cells(ready: int, needed: int) -> None:
    with pytest.raises(ValidationError):
        cell("central", "days", ready, needed)
