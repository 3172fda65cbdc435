"""The bands of single tasks: from the same kind of samples as the forecast of the end."""

from __future__ import annotations

from datetime import timedelta

from runbooks.domain.forecasting.bands import bands
from runbooks.domain.forecasting.situation import Situation
from tests.conftest import START
from tests.runbooks.plans import HOUR, task

UNSURE = {"estimate": {"low": "1h", "likely": "2h", "high": "6h"}, "duration": None}


def test_a_certain_task_ends_at_its_time():
    sure = {"estimate": {"low": "1h", "likely": "1h", "high": "1h"}, "duration": None}
    assert bands(Situation([task("A", **sure)], START), seed=1) == {"A": (START + HOUR, START + HOUR)}


def test_a_band_holds_four_fifths_of_an_estimates_own_ends():
    """PERT 1, 2, 6: P10 is 87.0 minutes, P90 is 223.5 (two million draws of numpy's beta)."""
    low, high = bands(Situation([task("A", **UNSURE)], START), seed=1, samples=20_000)["A"]
    assert abs(low - (START + timedelta(minutes=87))) < timedelta(minutes=4)
    assert abs(high - (START + timedelta(minutes=223.5))) < timedelta(minutes=4)


def test_doubt_grows_along_a_chain():
    found = bands(Situation([task("A", **UNSURE), task("B", "A", **UNSURE)], START), seed=1)
    wide = {name: high - low for name, (low, high) in found.items()}
    assert wide["B"] > wide["A"]


def test_what_has_ended_has_no_band_and_the_same_seed_gives_the_same():
    tasks = [task("A", **UNSURE), task("B", "A", **UNSURE)]
    situation = Situation(tasks, START, actuals={"A": (START, START + HOUR)}, now=START + HOUR)
    assert list(bands(situation, seed=3)) == ["B"]
    assert bands(situation, seed=3) == bands(situation, seed=3)
