"""Duplicates at scale: persons are linked without being told, and events are never merged because a person is the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contingency import linking
from contingency.linking import Entry, Pair, link
from cutover.core.errors import Unavailable
from tests.conftest import START

NAMES = ("amara", "bilal", "carys", "dilys", "emeka", "fiona", "gwen", "hamza", "ines", "jonah")
STREETS = (
    "mill lane",
    "high street",
    "station road",
    "church walk",
    "park view",
    "the crescent",
    "brook way",
)


def someone(i: int, ref: str, **change: object) -> Entry:
    """One of a few hundred people; names are shared by many, as they are."""
    return Entry(
        ref,
        forename=str(change.get("forename", NAMES[i % 10])),
        surname=NAMES[(i * 7 + i // 10) % 10] + STREETS[i % 7][:4].strip(),
        born=f"{1940 + i % 60}{1 + i % 12:02d}{1 + i % 28:02d}",
        number=str(1 + i % 90),
        street=STREETS[(i * 3) % 7],
        place=f"flat {i % 13}",
        suburb=STREETS[(i * 5) % 7][:6],
        postcode=f"M{i % 30} {i % 9}AB",
        region="gm",
        form_type="crime",
        occurred_at=START + timedelta(minutes=7 * i) + change.get("later", timedelta(0)),  # type: ignore[operator]
    )


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else of the package needs it."""
    monkeypatch.setattr(linking, "IS_INSTALLED", False)
    with pytest.raises(Unavailable, match=r"cutover-golive\[link\]"):
        link([someone(0, "a"), someone(1, "b")])


def test_each_record_has_one_counterpart_at_most() -> None:
    """The most probable pairs first; of two that want the same record one is left."""
    pairs = [Pair("a", "x", 0.8), Pair("b", "x", 0.9), Pair("b", "y", 0.7), Pair("a", "y", 0.6)]
    assert [(p.one, p.other) for p in linking._best(pairs)] == [("b", "x"), ("a", "y")]


@pytest.mark.parametrize(
    ("later", "form_type", "near"),
    [
        (timedelta(minutes=59), "crime", True),
        (timedelta(minutes=61), "crime", False),
        (timedelta(0), "custody", False),
    ],
)
def test_only_the_same_kind_of_form_near_in_time_may_be_one_event(
    later: timedelta, form_type: str, *, near: bool
) -> None:
    """A repeat victim's second event is another event, however surely it is the same person."""
    one = Entry("a", form_type="crime", occurred_at=START)
    other = Entry("b", form_type=form_type, occurred_at=START + later)
    assert linking._near({"a": one}, {"b": other}, Pair("a", "b", 1.0), timedelta(minutes=60)) is near


@pytest.mark.skipif(
    not linking.IS_INSTALLED,
    reason="REAL PART MISSING: the extra `link` (pip install 'cutover-golive[link]')",
)
@pytest.mark.requirement("R11")
def test_a_queue_of_paper_is_linked_and_repeat_victims_are_not() -> None:
    """Forty forms of people who were keyed: half of the same event, half five hours later."""
    keyed = [someone(i, f"K-{i}") for i in range(300)]
    same = [
        someone(i, f"F-{i}", forename=NAMES[i % 10][:-1] + "x", later=timedelta(minutes=20))
        for i in range(20)
    ]
    repeat = [someone(i, f"F-{i}", later=timedelta(hours=5)) for i in range(100, 120)]
    assert sorted((p.one, p.other) for p in link([*same, *repeat], keyed)) == sorted(
        (f"F-{i}", f"K-{i}") for i in range(20)
    )
