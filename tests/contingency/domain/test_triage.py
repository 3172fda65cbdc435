"""Highest harm first, then deadline, then age; and nobody starves."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import bench_triage
from contingency.domain.triage import Grade, TriagePolicy, Waiting, grade_of, is_past_floor, order
from tests.conftest import START

HOUR = timedelta(hours=1)
POLICY = TriagePolicy()
FORMS = ("domestic_abuse", "missing_person", "custody", "incident", "crime", "unknown_form")

items = st.lists(
    st.builds(
        Waiting,
        id=st.integers(0, 10_000).map(str),
        form_type=st.sampled_from(FORMS),
        grade=st.sampled_from(Grade),
        since=st.integers(0, 200).map(lambda h: START - h * HOUR),
        due_at=st.none() | st.integers(-50, 50).map(lambda h: START + h * HOUR),
    ),
    max_size=40,
    unique_by=lambda item: item.id,
)


@given(items, st.randoms())
def test_the_order_is_total(found: list[Waiting], shuffle: object) -> None:
    """Each item has one place, and the same items always the same order."""
    mixed = list(found)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    ranked = order(found, START, POLICY)
    assert [r.item for r in ranked] == [r.item for r in order(mixed, START, POLICY)]
    assert [r.place for r in ranked] == list(range(1, len(found) + 1))
    assert {r.item.id for r in ranked} == {item.id for item in found}


@given(items)
def test_high_risk_never_comes_after_standard_unless_the_floor_says_so(found: list[Waiting]) -> None:
    """What stands before a high-risk item without being high risk stands there by the floor, and says so."""
    ranked = order(found, START, POLICY)
    last_high = max((r.place for r in ranked if r.item.grade is Grade.HIGH and not r.by_floor), default=0)
    for earlier in ranked[:last_high]:
        assert earlier.item.grade is Grade.HIGH or (
            earlier.by_floor and "nothing is overtaken" in earlier.why
        )


@given(items)
def test_nothing_past_the_floor_starves(found: list[Waiting]) -> None:
    """The longest-waiting item past the floor is at most one share away, however much graver work there is."""
    past = [item for item in found if is_past_floor(item, START, POLICY)]
    if past:
        longest = min(past, key=lambda item: (item.since, item.id))
        place = next(r.place for r in order(found, START, POLICY) if r.item == longest)
        assert place <= POLICY.floor_share


def test_the_floor_keeps_its_share_and_no_more() -> None:
    """With everything past the floor, three of four places still go by risk."""
    old = START - 100 * HOUR
    pile = [Waiting(f"s{i}", "crime", Grade.STANDARD, old, None) for i in range(50)]
    pile += [Waiting(f"h{i}", "domestic_abuse", Grade.HIGH, old + HOUR, None) for i in range(9)]
    ranked = order(pile, START, POLICY)
    assert [r.item.grade for r in ranked[:12]].count(Grade.HIGH) == 9


def test_within_a_grade_harm_then_deadline_then_age() -> None:
    """Abuse before theft; of two thefts the one due sooner; of two due alike the older."""
    soon, later = START + HOUR, START + 2 * HOUR
    pile = [
        Waiting("old", "crime", Grade.HIGH, START - 9 * HOUR, later),
        Waiting("young", "crime", Grade.HIGH, START - HOUR, later),
        Waiting("due", "crime", Grade.HIGH, START, soon),
        Waiting("none", "crime", Grade.HIGH, START - 50 * HOUR, None),
        Waiting("abuse", "domestic_abuse", Grade.HIGH, START, None),
    ]
    assert [r.item.id for r in order(pile, START, POLICY)] == ["abuse", "due", "old", "young", "none"]


def test_each_place_has_its_reason() -> None:
    """Why is this next? Grade, kind, limit and age, in words."""
    item = Waiting("DA-1", "domestic_abuse", Grade.HIGH, START - 6 * HOUR, START + 2 * HOUR, "risk assessed")
    assert order([item], START)[0].why == "high risk domestic abuse, risk assessed due in 2h, waiting 6h"
    late = Waiting("DA-2", "domestic_abuse", Grade.HIGH, START - 6 * HOUR, START - HOUR, "risk assessed")
    assert "risk assessed 1h past" in order([late], START)[0].why


def test_an_unreadable_grade_is_high_until_somebody_looks() -> None:
    """Nothing ticked is standard; what cannot be read is not assumed harmless."""
    assert (grade_of(""), grade_of("medium"), grade_of("h?gh")) == (Grade.STANDARD, Grade.MEDIUM, Grade.HIGH)


def test_the_last_high_risk_abuse_form_is_keyed_within_ten_hours_of_the_start() -> None:
    """3,500 forms of the assumed mix, 24 keyers at 25 minutes: first come first served would take over sixty hours."""
    mix = (
        ["incident"] * 46
        + ["crime"] * 30
        + ["domestic_abuse"] * 15
        + ["custody"] * 7
        + ["missing_person"] * 2
    ) * 35
    grades = [Grade.HIGH, Grade.STANDARD, Grade.MEDIUM, Grade.STANDARD, Grade.STANDARD]
    pile = [
        Waiting(f"{i:04d}", form, grades[i % 5], START - timedelta(minutes=4320 - i), None)
        for i, form in enumerate(mix)
    ]
    ranked = order(pile, START, TriagePolicy(floor=timedelta(days=7)))
    last = max(r.place for r in ranked if r.item.form_type == "domestic_abuse" and r.item.grade is Grade.HIGH)
    assert last / 24 * 25 / 60 < 10


def test_the_last_high_risk_form_is_keyed_in_a_sixth_of_the_time_and_the_pile_no_later() -> None:
    """A seeded pile of the assumed mix: 24 keyers, the same forms, only the order differs."""
    made = bench_triage.pile(686, forms=3_500)
    ours, fifo = (
        bench_triage.keyed(made, bench_triage.by_triage),
        bench_triage.keyed(made, bench_triage.first_come),
    )
    assert (ours.high_risk <= 10, fifo.high_risk >= 60) == (True, True)
    longest = max(made.minutes.values()) / 60
    assert ours.finish <= fifo.finish + longest  # the pile is empty at the same time but for the last form
