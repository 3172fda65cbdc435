"""The scenarios of examples/ that play themselves: silent halving, no acknowledgement, six hundred and four."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from monitors.domain.composite import Class

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.real  # the probes ask systems on loopback


@pytest.mark.requirement("R6")
def test_silent_halving_is_seen_in_the_declared_days_while_every_probe_is_green(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """A year of history in six flows, nine days after the go-live, and a quiet year: some seconds of a core."""
    found = scenario("silent_halving").play(tmp_path / "programme", days=9)
    assert found.probes_green
    assert found.graded is Class.SILENT_FAILURE
    assert {n: found.alarmed[n] <= found.declared[n] for n in found.alarmed} == dict.fromkeys(
        found.alarmed, True
    )
    assert found.quiet_alarms <= found.allowed


@pytest.mark.requirement("R5")
def test_no_acknowledgement_is_caught_within_one_cycle_and_nothing_is_doubled_or_lost(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    found = scenario("no_acknowledgement").play(tmp_path / "programme")
    assert found.in_one_cycle
    assert (found.sent_twice, found.lost, found.ledger.holds) == (0, 0, True)
    assert found.holds


@pytest.mark.requirement("R5")
def test_after_no_acknowledgement_what_waited_is_sent_once_and_what_went_by_hand_is_not_sent(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """R5, recovery: answers were lost and offers made again, an hour of files was stored, one was carried there."""
    found = scenario("no_acknowledgement").play(tmp_path / "programme")
    assert (found.kept, found.by_hand, found.by_hand_and_sent) == (2, 1, 0)
    assert found.answers_lost >= 1
    assert found.offered_again >= found.answers_lost + found.kept
    assert (found.sent_twice, found.lost, found.recovered) == (0, 0, True)


def test_all_604_are_named_and_verified_only_by_the_run_that_no_longer_finds_them(
    scenario: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """The loader reports no failure throughout; a reload that forgets four of them is found out."""
    found = scenario("six_hundred_and_four").play(tmp_path / "programme", rows=7_000)
    assert (found.loader_failures, len(found.named), found.named == found.lost, found.reopened) == (
        0,
        604,
        True,
        4,
    )
    assert found.holds
