"""The scenarios of examples/ that are contingency's: each plays itself, and the end is what its page says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.requirement("R7")
def test_six_hundred_and_eighty_six_are_found_and_done_the_gravest_first(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """R7: no high-risk item waits past its limit, the oldest heads the list, none leaves without its proof."""
    module = scenario("six_hundred_and_eighty_six")
    found = module.play(tmp_path / "programme")
    assert (found.found, found.oldest_days, found.unproved, found.refused) == (686, 101, 0, 2)
    assert (found.longest_high <= module.LIMIT, found.late_new_high, found.headed_by_oldest) == (
        True,
        0,
        True,
    )
    assert found.holds


@pytest.mark.requirement("R22")
def test_the_first_upgrade_tuesday_fails_and_the_better_planned_one_succeeds(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """R22, R23: the same break at the same minute; only what was declared beforehand differs."""
    first, second = scenario("upgrade_tuesday").play(tmp_path)
    assert len(first.failures) == 4
    assert second.failures == []
    assert second.handed_over == second.with_serial == len(second.refused) > 0
    assert (first.fallback, second.fallback) == ("decaying", "good")


@pytest.mark.requirement("R14")
def test_the_first_62_hours_close_nothing_without_evidence(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """R14: the real log where it is present, else one of the same shape; a code alone closes nothing."""
    module = scenario("first_62_hours")
    found = module.play(tmp_path / "programme")
    assert (found.reported, found.closed, found.unproved, found.refused) == (890, 890, 0, 890)
    assert found.user_errors_refused == found.causes["user_error"] > 0
    assert found.holds
