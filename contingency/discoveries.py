"""Looks for what waits where it is kept: a query, a CSV, what a program tells, and sums that do not come out."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from contingency.backlogs import BacklogService
from contingency.domain.backlog import FindItem
from contingency.domain.discovery import Discovery, Place, read_rows
from contingency.domain.triage import Grade
from cutover.core.errors import Invalid, NotFound, Problem
from cutover.domain.programme import Programme

TOGETHER = 1_000  # items entered in one transaction
SUSPECTED = "suspected_backlog"


class Suspected(Protocol):
    """A list whose sum does not come out: which check found it, since when, how many are in no list, the oldest."""

    @property
    def check_id(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def missing(self) -> int: ...
    @property
    def named(self) -> Sequence[str]: ...


Rows = Callable[[str], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Found:
    """One look: how many rows were read, which items are new, what could not be read."""

    discovery: str
    read: int
    fresh: tuple[str, ...]
    faults: tuple[str, ...]


class DiscoveryService:
    """Fills the register of one programme. `rows` puts a named query to its database; `suspected` reads broken sums."""

    def __init__(
        self,
        backlog: BacklogService,
        programme: Programme,
        folder: Path,
        rows: Rows,
        suspected: Callable[[], Sequence[Suspected]],
    ) -> None:
        self.backlog = backlog
        self.programme = programme
        self.folder = folder
        self._rows = rows
        self._suspected = suspected

    @property
    def declared(self) -> Mapping[str, Discovery]:
        return self.backlog.book.discoveries

    @staticmethod
    def plain(name: str, item_type: str = "") -> Discovery:
        """How a file is read of which nothing is declared: its head says what its columns are."""
        return Discovery(
            id=re.sub(r"[^A-Za-z0-9_.-]", "-", name).lstrip("-._") or "file", item_type=item_type
        )

    def run(self, name: str, *, by: str) -> Found:
        """Look where a declared discovery says. Raises NotFound, Invalid, Unavailable."""
        if name not in self.declared:
            raise NotFound("discovery", name, self.declared)
        how = self.declared[name]
        if how.query:
            return self.enter(self._rows(how.query), how, by=by, source=f"query {how.query}")
        return self.csv(Path(how.csv), how, by=by)

    def csv(self, path: Path, how: Discovery, *, by: str) -> Found:
        """Enter the rows of a CSV file with a head. Raises Invalid when it cannot be read at all."""
        file = path if path.is_absolute() else self.folder / path
        file = file if file.exists() else path
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                return self.enter(list(csv.DictReader(lines)), how, by=by, source=f"file {file.name}")
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise Invalid(Problem(f"cannot be read: {error}", file=str(path))) from error

    def enter(self, rows: Iterable[Mapping[str, Any]], how: Discovery, *, by: str, source: str) -> Found:
        """Enter rows as items, a thousand at a time; those that are known already are left as they are."""
        place = Place(
            self.programme.zone, self.programme.standards, by, self.backlog.desk.clock.now(), source
        )
        read = read_rows(rows, how, place)
        return Found(how.id, len(read.items), tuple(self._enter(read.items)), read.faults)

    def balances(self, *, by: str) -> Found:
        """Each broken sum as items to be found: those that are named, and one for each that nobody can name."""
        items = {key: item for one in self._suspected() for key, item in _of_break(one, by)}
        return Found("broken balances", len(items), tuple(self._enter(items)), ())

    def _enter(self, items: Mapping[str, FindItem]) -> list[str]:
        keys = list(items)
        parts = (keys[i : i + TOGETHER] for i in range(0, len(keys), TOGETHER))
        return [key for part in parts for key in self.backlog.find({key: items[key] for key in part})]


def _of_break(one: Suspected, by: str) -> Iterable[tuple[str, FindItem]]:
    """Not knowing what is missing is high risk until somebody has looked."""
    unnamed = (f"unnamed-{n}" for n in range(1, one.missing - len(one.named) + 1))
    for name in (*one.named[: one.missing], *unnamed):
        wish = FindItem(
            by=by, item_type=SUSPECTED, tier=Grade.HIGH, occurred_at=one.since, source=f"balance {one.check_id}", upstream_key=name
        )  # fmt: skip
        yield f"{SUSPECTED}/{one.check_id}/{name}", wish
