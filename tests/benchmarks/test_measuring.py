"""What a child took is told truly, and one that takes too long or too much is ended."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measuring import cost, own_cpu, ran, shares, status_of

WORKS = "x = 0\nfor n in range(3_000_000): x += n"
HOLDS = "import time\nheld = bytearray(200 * 2**20)\nprint('held', flush=True)\ntime.sleep({seconds})"


def test_the_cpu_of_a_child_and_of_its_own_child_is_counted():
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORKS!r}], check=True)"
    alone, under = ran([sys.executable, "-c", WORKS]), ran([sys.executable, "-c", nested])
    assert (alone.code, under.code) == (0, 0)
    assert under.cpu > alone.cpu / 2 > 0.01


def test_the_memory_of_all_processes_is_counted_together(tmp_path: Path):
    two = "\n".join(
        ("import subprocess, sys", f"a = [subprocess.Popen([sys.executable, '-c', {HOLDS.format(seconds=1.5)!r}]) for _ in range(2)]", "[one.wait() for one in a]")
    )  # fmt: skip
    used = ran([sys.executable, "-c", two], log=tmp_path / "log")
    assert used.together >= 400
    assert used.code == 0


def test_one_that_does_not_end_in_time_is_ended():
    used = ran([sys.executable, "-c", "import time; time.sleep(60)"], patience=0.5)
    assert used.code is None
    assert used.wall < 30


def test_one_that_takes_more_room_than_it_may_is_ended(tmp_path: Path):
    used = ran([sys.executable, "-c", HOLDS.format(seconds=60)], room=100, log=tmp_path / "log")
    assert used.code is None
    assert used.together > 100


def test_a_failure_is_told_by_its_code():
    assert ran([sys.executable, "-c", "raise SystemExit(3)"]).code == 3


def test_a_cost_is_the_median_of_the_goes():
    assert 0 <= cost(lambda: sum(range(1000)), 3) < own_cpu()


def test_a_process_that_has_ended_holds_nothing():
    assert status_of("self", "VmRSS") > 1
    assert status_of(2**22 + 1, "VmRSS") == 0


def test_nineteen_in_twenty_are_below_the_second_share():
    assert shares([float(n) for n in range(1, 101)]) == (51.0, 95.0, 100.0)
