"""Classes and conservation, against a plain Python oracle on random small registers."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.reconciliation import match, snapshot
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.match import Read
from cutover.reconciliation.sides import Side
from tests.cutover.reconciliation.world import write_csv

COLUMNS = ("station", "number", "value", "count", "status")
NOW = datetime(2026, 10, 24, tzinfo=UTC)
Row = tuple[str | None, str | None, str | None, str | None, str | None]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "", None]),
        st.sampled_from(["7", "007", None]),
        st.sampled_from(["x", "x ", "", None]),
        st.sampled_from(["1", "01", "12,5", None]),
        st.sampled_from(["open", "closed", "test"]),
    ),
    max_size=12,
)


def _contract(folder: Path) -> Contract:
    return Contract.model_validate(
        {
            "id": "small", "title": "t", "entity": "e", "source": {"path": str(folder / "s.csv")}, "target": {"path": str(folder / "t.csv")},
            "key": ["station", "number"], "state": "status",
            "columns": {"station": "text", "number": "text", "value": "text", "count": "integer", "status": "text"},
            "exclusions": [{"name": "tests", "where": "status = 'test'", "reason": "training", "signed_by": "Chen"}],
        }
    )  # fmt: skip


def _is_good(row: Row) -> bool:
    return row[3] in ("1", None)


def _oracle(source: list[Row], target: list[Row]) -> Counter[str]:
    """What a person with two piles of paper would count."""
    piles: dict[tuple[str | None, str | None], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    counts: Counter[str] = Counter()
    for side, rows in enumerate((source, target)):
        for row in rows:
            if row[4] == "test":
                continue
            if row[0] is None or row[1] is None:
                counts["null_key"] += 1
            else:
                piles[row[0], row[1]][side].append(row)
    for here, there in piles.values():
        same = {row for row in here if _is_good(row)} & set(there)
        counts["missing" if not there else "extra" if not here else "matched" if same else "changed"] += 1
        counts["duplicate_source"] += len(here) > 1
        counts["duplicate_target"] += len(there) > 1
    return counts


@pytest.mark.parametrize(("few", "slice_"), [(match.FEW, match.SLICE), (0, 2)])
@settings(max_examples=25)
@given(source=ROWS, target=ROWS)
def test_every_row_is_accounted_for_once_and_in_the_class_a_person_would_put_it(
    few: int, slice_: int, source: list[Row], target: list[Row]
) -> None:
    """However few rows may be held at a time."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as limits:
        limits.setattr(match, "FEW", few)
        limits.setattr(match, "SLICE", slice_)
        folder = Path(name)
        write_csv(folder / "s.csv", source, COLUMNS)
        write_csv(folder / "t.csv", target, COLUMNS)
        agreed = _contract(folder)
        with snapshot.engine(folder) as engine:
            taken = [snapshot.take(engine, agreed, side, folder / side, systems={}, now=NOW) for side in Side]
            read = [Read(t, folder / t.side / t.file, Path(t.raw)) for t in taken]
            found = match.match(engine, agreed, *read)
    assert Counter(found.counts) == _oracle(source, target)
    assert found.books.holds
    assert (found.books.source.rows, found.books.target.rows) == (len(source), len(target))
    assert sum(found.excluded.values()) == sum(row[4] == "test" for row in source + target)
    assert sum((Counter(n) for n in found.by_state.values()), Counter()) == +Counter(found.counts)
