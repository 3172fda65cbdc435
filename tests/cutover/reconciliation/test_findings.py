"""The verdict follows from exact counts; doubt and gaps never pass."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cutover.reconciliation.findings import FATAL, Conservation, Coverage, Equation, Verdict, judge

WHOLE = Coverage(compared=("crime_id",))


def _side(rows: int = 10, **parts: int) -> Equation:
    usual = {"matched": rows, "changed": 0, "alone": 0, "excluded": 0, "null_key": 0, "surplus": 0}
    return Equation(rows=rows, **(usual | parts))


EVEN = Conservation(source=_side(), target=_side())


def test_pass_needs_everything_read_compared_and_equal() -> None:
    assert judge({"matched": 10}, {}, unexplained=0, books=EVEN, coverage=WHOLE) == (Verdict.PASS, ())


def test_one_missing_record_in_any_number_fails_and_names_its_state() -> None:
    verdict, reasons = judge(
        {"missing": 604}, {"under_review": {"missing": 604}}, unexplained=0, books=EVEN, coverage=WHOLE
    )
    assert (verdict, reasons) == (Verdict.FAIL, ("604 missing (604 under_review)",))


def test_a_change_that_no_rule_explains_fails() -> None:
    assert judge({"changed": 3}, {}, unexplained=1, books=EVEN, coverage=WHOLE)[0] is Verdict.FAIL
    assert judge({"changed": 3}, {}, unexplained=0, books=EVEN, coverage=WHOLE)[0] is Verdict.PASS


def test_an_empty_source_proves_nothing() -> None:
    nothing = Conservation(source=_side(0), target=_side(0))
    assert judge({}, {}, unexplained=0, books=nothing, coverage=WHOLE)[0] is Verdict.INCONCLUSIVE


def test_books_that_do_not_balance_are_inconclusive_whatever_they_say() -> None:
    for books in (
        Conservation(source=_side(matched=9), target=_side()),
        Conservation(source=_side(), target=_side(9)),
    ):
        verdict, reasons = judge({"missing": 1}, {}, unexplained=0, books=books, coverage=WHOLE)
        assert verdict is Verdict.INCONCLUSIVE
        assert len(reasons) == 2


@given(
    counts=st.dictionaries(st.sampled_from([str(c) for c in FATAL]), st.integers(0, 3)),
    unexplained=st.integers(0, 2),
    gaps=st.lists(st.just("column 'x' is not compared"), max_size=1),
    doubts=st.lists(st.just("the source moved"), max_size=1),
)
def test_pass_only_when_nothing_at_all_stands_against_it(
    counts: dict[str, int], unexplained: int, gaps: list[str], doubts: list[str]
) -> None:
    coverage = Coverage(compared=(), gaps=tuple(gaps))
    verdict, reasons = judge(
        counts, {}, unexplained=unexplained, books=EVEN, coverage=coverage, doubts=doubts
    )
    clean = not any(counts.values()) and not unexplained and not gaps and not doubts
    assert (verdict is Verdict.PASS) == clean == (not reasons)


def test_a_source_of_which_everything_is_excluded_proves_nothing() -> None:
    aside = Equation(rows=9, matched=0, changed=0, alone=0, excluded=9, null_key=0, surplus=0)
    books = Conservation(source=aside, target=aside)
    verdict, reasons = judge({}, {}, unexplained=0, books=books, coverage=WHOLE)
    assert (verdict, reasons) == (
        Verdict.INCONCLUSIVE,
        ("every row of the source is excluded: nothing was proven",),
    )
