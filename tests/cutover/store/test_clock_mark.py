"""A clock that was set while nobody ran is told from a machine that stood still; after its restart nothing is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover.store.clock_mark import Mark, set_meanwhile

THEN = datetime(2026, 10, 24, 1, tzinfo=UTC)


def mark(hours: float, *, wall: float | None = None, boot: str = "one") -> Mark:
    """So many hours on the counter, and on the clock (as many, when nobody set it)."""
    return Mark(boot, 3600 * hours, (THEN + timedelta(hours=hours if wall is None else wall)).isoformat())


@pytest.mark.parametrize(
    ("later", "by"),
    [
        (mark(8), 0),
        (mark(8, wall=8.03), 0),
        (mark(1, wall=3), 2),
        (mark(1, wall=-1), -2),
        (mark(1, wall=3, boot="two"), 0),
        (mark(1, wall=3, boot=""), 0),
    ],
    ids=["stood still", "corrected a little", "set forward", "set back", "restarted", "unknown start"],
)
def test_by_how_much_it_was_set_is_told_once(tmp_path: Path, later: Mark, by: float):
    file = tmp_path / "clock-mark.json"
    assert set_meanwhile(file, mark(0, boot=later.boot and "one")) == timedelta(0)
    assert set_meanwhile(file, later) == timedelta(hours=by)
    assert set_meanwhile(file, later) == timedelta(0)


def test_a_mark_that_is_none_says_nothing_and_is_replaced(tmp_path: Path):
    file = tmp_path / "clock-mark.json"
    file.write_text('{"boot": 7', encoding="utf-8")
    assert set_meanwhile(file, Mark.now()) == timedelta(0)
    assert set_meanwhile(file, Mark.now()) == timedelta(0)
