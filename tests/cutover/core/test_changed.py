"""A changed copy is what `dataclasses.replace` gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from cutover.core.changed import changed, write_over


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    seen: int = 0
    notes: tuple[str, ...] = field(default_factory=tuple)


def test_a_copy_has_the_changes_and_all_else_as_it_was():
    row = Row("a", 1, ("x",))
    assert changed(row, seen=2, notes=()) == replace(row, seen=2, notes=()) == Row("a", 2, ())
    assert row == Row("a", 1, ("x",))


def test_a_field_that_it_has_not_is_a_defect():
    with pytest.raises(TypeError, match="Row has no colour"):
        changed(Row("a"), colour="red")


def test_who_made_a_row_may_write_over_it():
    row = Row("a", 1)
    mine = changed(row, seen=2)
    write_over(mine, {"name": "b"})
    assert (row, mine) == (Row("a", 1), Row("b", 2))
