"""Killed with -9 while it brings paper back, every verified record is in the target once: the small twin of the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.exactly_once import prove

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


def test_workers_and_target_are_killed_and_each_record_is_there_once(tmp_path: Path) -> None:
    """Three workers, a target that loses answers, two kills at seeded moments."""
    found = prove(tmp_path, records=150, kills=2, seed=4, database="sqlite", batch=25)
    assert (found.lost, found.doubled, found.in_target) == (0, 0, 150)
    assert found.holds, found
