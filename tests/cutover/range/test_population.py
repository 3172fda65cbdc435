"""The seeded crimes: exactly the proportions promised, and the same every time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import pytest

from cutover.range.crimes import COLUMNS
from cutover.range.population import population, under_review

STATUS, REPORTED = COLUMNS.index("status"), COLUMNS.index("reported_at")


@pytest.fixture(scope="module")
def crimes() -> list[tuple[str, ...]]:
    return list(population(seed=1))


def test_of_25000_crimes_exactly_604_are_under_review(crimes: list[tuple[str, ...]]) -> None:
    statuses = Counter(row[STATUS] for row in crimes)
    assert (len(crimes), statuses["under_review"]) == (25_000, 604)
    assert len(statuses) >= 6


@pytest.mark.parametrize("seed", [2, 77, 4_000_000])
def test_every_seed_has_its_604(seed: int) -> None:
    assert sum(row[STATUS] == "under_review" for row in population(seed)) == 604


@pytest.mark.parametrize(("number", "marked"), [(0, 0), (1, 0), (500, 12), (2_500, 60), (5_000, 121)])
def test_a_smaller_register_keeps_the_share(number: int, marked: int) -> None:
    assert under_review(number) == marked
    assert sum(row[STATUS] == "under_review" for row in population(1, number)) == marked


def test_the_same_seed_gives_the_same_crimes_and_another_seed_others() -> None:
    first, again, other = (list(islice(population(seed), 200)) for seed in (9, 9, 10))
    assert first == again
    assert first != other


def test_ids_are_unique_and_rise_with_the_time_of_report_within_the_year_before(
    crimes: list[tuple[str, ...]],
) -> None:
    ids, reported = [row[0] for row in crimes], [row[REPORTED] for row in crimes]
    assert sorted(set(ids)) == ids
    assert sorted(reported) == reported
    first, last = (datetime.fromisoformat(reported[i]) for i in (0, -1))
    assert datetime(2025, 10, 23, 21, tzinfo=UTC) <= first < last < datetime(2026, 10, 23, 21, tzinfo=UTC)


def test_each_row_fills_every_column_and_some_victims_come_back(crimes: list[tuple[str, ...]]) -> None:
    assert all(len(row) == len(COLUMNS) and all(row[:-1]) for row in crimes)
    victims = Counter(row[5:8] for row in crimes)
    assert 0.85 < len(victims) / len(crimes) < 0.92
