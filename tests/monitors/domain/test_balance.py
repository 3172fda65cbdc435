"""A balance says whether it holds, and by how much it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.domain.balance import Balance

counts = st.integers(min_value=0, max_value=10**6)


@pytest.mark.requirement("R9")
def test_a_hidden_queue_breaks_the_balance_by_its_size() -> None:
    hidden = Balance(opening=120, arrived=300, done=280, counted=132)
    assert (hidden.expected, hidden.breaks_by, hidden.holds) == (140, 8, False)


@given(opening=counts, arrived=counts, done=counts)
def test_counting_what_the_flow_leaves_always_holds(opening: int, arrived: int, done: int) -> None:
    assert Balance(opening, arrived, done, opening + arrived - done).holds
