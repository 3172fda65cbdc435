"""A check flaps while too many of its last 20 results changed the status, newer ones weighing more."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitors.domain.check import Status
from monitors.domain.flapping import BEGINS, ENDS, SLOTS, WEIGHTS, Window, push

LETTERS = {"o": Status.OK, "c": Status.CRITICAL, "u": Status.UNKNOWN}
logs = st.text(alphabet="ocu", max_size=60)


def run(log: str) -> Window:
    window = Window()
    for letter in log:
        window = push(window, LETTERS[letter])
    return window


def test_the_weights_rise_from_the_oldest_to_the_newest() -> None:
    assert (round(WEIGHTS[-1], 2), round(WEIGHTS[0], 2)) == (0.80, 1.18)
    assert sum(Fraction(str(round(w, 2))) for w in WEIGHTS) == Fraction("19.8")


def test_a_steady_check_does_not_flap_and_one_that_changes_each_time_does() -> None:
    assert not run("o" * 40).flapping
    assert not run("o" * 20 + "c" * 20).flapping
    assert run("oc" * 20).flapping


def test_flapping_ends_once_the_changes_are_old_enough() -> None:
    ends = next(n for n in range(40) if not run("oc" * 20 + "o" * n).flapping)
    assert 10 <= ends <= SLOTS


@given(log=logs)
def test_the_border_has_two_sides_so_that_it_does_not_flap_itself(log: str) -> None:
    """The rule said once more, on a list of changes instead of bits."""
    flapping = False
    for end in range(1, len(log) + 1):
        changes = [a != b for a, b in pairwise(log[:end])][-SLOTS:]
        share = sum(w for w, changed in zip(WEIGHTS, reversed(changes), strict=False) if changed) / SLOTS
        flapping = share > BEGINS or (flapping and share >= ENDS)
    assert run(log).flapping == flapping
