"""Where every task of a run stands: a mapping that never changes, of which a changed copy costs next to nothing.

A run of 5,000 tasks is folded from 50,000 facts, and each fact changes one row. The rows lie in parts of 64:
a copy shares all parts but one, and each part remembers what is under way in it until it is replaced. So
neither folding a fact nor asking what is due looks at the whole plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, Protocol, TypeVar

from cutover.core.changed import changed, write_over
from runbooks.domain.run_stages import TaskStage

PART = 64


class Staged(Protocol):
    """Anything that stands in a stage."""

    @property
    def stage(self) -> TaskStage: ...


S = TypeVar("S", bound=Staged)
AT_REST = frozenset({TaskStage.NOT_STARTABLE, TaskStage.COMPLETE})


class _Part(Generic[S]):
    """Up to 64 rows, with what is under way among them."""

    __slots__ = ("names", "rows", "under_way")

    def __init__(self, names: tuple[str, ...], rows: tuple[S, ...]) -> None:
        self.names = names
        self.rows = rows
        self.under_way: tuple[tuple[str, S], ...] | None = None

    def with_row(self, place: int, row: S) -> _Part[S]:
        return _Part(self.names, (*self.rows[:place], row, *self.rows[place + 1 :]))

    def moving(self) -> tuple[tuple[str, S], ...]:
        if self.under_way is None:
            pairs = zip(self.names, self.rows, strict=True)
            self.under_way = tuple((name, row) for name, row in pairs if row.stage not in AT_REST)
        return self.under_way


class Standing(Mapping[str, S]):
    """The state of each task by its id, in the order of the plan."""

    __slots__ = ("_moving", "_open", "_parts", "_places")

    def __init__(self, rows: Mapping[str, S] | None = None) -> None:
        names, values = tuple(rows or ()), tuple((rows or {}).values())
        self._places = {name: place for place, name in enumerate(names)}
        starts = range(0, len(names), PART)
        self._parts = tuple(_Part(names[at : at + PART], values[at : at + PART]) for at in starts)
        self._moving: tuple[tuple[str, S], ...] | None = None
        self._open = -1

    def __getitem__(self, name: str) -> S:
        part, place = divmod(self._places[name], PART)
        return self._parts[part].rows[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __repr__(self) -> str:
        return f"Standing({dict(self)!r})"

    def put(self, name: str, row: S) -> Standing[S]:
        """The same with one row changed. Raises KeyError for a name that is not in it."""
        part, place = divmod(self._places[name], PART)
        before = self._parts[part].rows[place]
        copy: Standing[S] = Standing.__new__(Standing)
        copy._places = self._places
        copy._moving = self._moving if {before.stage, row.stage} <= AT_REST else None
        copy._open = self._open + _is_open(row) - _is_open(before) if self._open >= 0 else -1
        copy._parts = (
            *self._parts[:part],
            self._parts[part].with_row(place, row),
            *self._parts[part + 1 :],
        )
        return copy

    def change(self, name: str, change: Mapping[str, Any]) -> Standing[S]:
        """The same with these fields of one row changed."""
        return self.put(name, changed(self[name], **change))

    def under_way(self) -> Sequence[tuple[str, S]]:
        """Every task that may start, is in progress, failed or is uncertain, in the order of the plan."""
        if self._moving is None:
            self._moving = tuple(chain.from_iterable([part.moving() for part in self._parts]))
        return self._moving

    def unfinished(self) -> int:
        """How many tasks are not over."""
        if self._open < 0:
            self._open = sum(_is_open(row) for part in self._parts for row in part.rows)
        return self._open


class Draft(Generic[S]):
    """The rows while a long past is folded: changed in place, and nobody else sees them before they are settled."""

    __slots__ = ("_own", "_rows")

    def __init__(self, standing: Standing[S]) -> None:
        self._rows = dict(standing.items())
        self._own: set[str] = set()  # rows made here

    def __getitem__(self, name: str) -> S:
        return self._rows[name]

    def put(self, name: str, row: S) -> Draft[S]:
        """One row changed. Raises KeyError for a name that is not in it."""
        self._rows[name]
        self._rows[name] = row
        self._own.discard(name)
        return self

    def change(self, name: str, change: Mapping[str, Any]) -> Draft[S]:
        """These fields of one row changed: the first time in a copy, from then on in that copy itself."""
        if name in self._own:
            write_over(self._rows[name], change)
        else:
            self._rows[name] = changed(self._rows[name], **change)
            self._own.add(name)
        return self

    def settled(self) -> Standing[S]:
        """The rows for everybody; what is changed from now on is changed in copies."""
        self._own.clear()
        return Standing(self._rows)


def _is_open(row: Staged) -> bool:
    return row.stage is not TaskStage.COMPLETE
