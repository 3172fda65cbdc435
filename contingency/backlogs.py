"""What waits, in which order, and when it will be done: the register of items and the pile of paper together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contingency.domain.backlog import (
    ITEM,
    Age,
    ClaimItem,
    FindItem,
    ItemState,
    OpenItem,
    ReopenItem,
    VerifyItem,
    ageing,
    item_stream,
)
from contingency.domain.clearance import Counts, Effort, Forecast, Staffing, effort, forecast
from contingency.domain.triage import Grade, Ranked, Waiting, order
from contingency.files import PlayBook
from contingency.rooms import SheetSeen, Stationery
from contingency.sheets import waiting
from contingency.tables import open_items
from cutover.core.errors import NotFound
from cutover.store.desk import Ask, Desk

TO_KEY = ("used", "returned", "keyed_once", "keyed_twice", "discrepant")
TO_CONVERT = ("verified",)
KEYED = ("keyed_twice", "discrepant", "verified", "disposed")  # all their passes are done
UNPLANNED_MINUTES = 25.0


@dataclass(frozen=True, slots=True)
class BacklogStatus:
    """The oldest first: every kind of item and form that waits, by risk."""

    at: datetime
    lines: tuple[Age, ...]
    waiting: int


class BacklogService:
    """The register of what waits. `minutes`: planned minutes for all passes of a form, by type."""

    def __init__(
        self, desk: Desk, plays: PlayBook, paper: Stationery, minutes: Mapping[str, float] | None = None
    ) -> None:
        self.desk = desk
        self.book = plays
        self.paper = paper
        self.minutes = dict(minutes or {})

    def find(self, items: Mapping[str, FindItem]) -> list[str]:
        """Enter items under their upstream keys, all or none; those already entered are left as they are."""
        fresh = [key for key in items if self.desk.load(ITEM, item_stream(key))[1] == 0]
        self.desk.ask_all([Ask(ITEM, item_stream(key), items[key]) for key in fresh])
        return fresh

    def claim(self, key: str, *, by: str, done: str) -> ItemState:
        return self._ask(key, ClaimItem(by=by, done=done))

    def verify(self, key: str, *, by: str, reference: str) -> ItemState:
        """Close an item with the reference that proves it. Raises Refused without one, or for whoever claimed it."""
        return self._ask(key, VerifyItem(by=by, reference=reference))

    def reopen(self, key: str, *, by: str, reason: str) -> ItemState:
        return self._ask(key, ReopenItem(by=by, reason=reason))

    def status(self, now: datetime | None = None) -> BacklogStatus:
        """What waits by kind and risk, headed by the oldest."""
        at = now or self.desk.clock.now()
        items = [*open_items(self.desk.journal.engine), *(_as_item(w) for w in self._paper(at))]
        return BacklogStatus(at, ageing(items, at), len(items))

    def next(self, limit: int = 10, now: datetime | None = None) -> list[Ranked]:
        """What to do next, and why: register items and sheets in one order."""
        at = now or self.desk.clock.now()
        items = [*(_as_waiting(item) for item in open_items(self.desk.journal.engine)), *self._paper(at)]
        return order(items, at, self.book.triage)[:limit]

    def forecast(
        self, keyers: float, *, productive_hours: float = 6.0, arrivals: Counts | None = None
    ) -> Forecast:
        """When the paper still to key will be keyed. `arrivals`: forms a day by risk and type."""
        counts: dict[Grade, Counter[str]] = defaultdict(Counter)
        for item in self._paper(self.desk.clock.now(), TO_KEY):
            counts[item.grade][item.form_type] += 1
        staffing = Staffing(keyers, productive_hours)
        types = {form for group in (*counts.values(), *(arrivals or {}).values()) for form in group}
        return forecast(counts, self._efforts(types), staffing, arrivals)

    def _efforts(self, form_types: Iterable[str]) -> dict[str, Effort]:
        timed: dict[str, list[float]] = defaultdict(list)
        for sheet in self.paper.sheets(KEYED):
            if sheet.minutes > 0:
                timed[sheet.form_type].append(sheet.minutes)
        return {form: effort(self.minutes.get(form, UNPLANNED_MINUTES), timed[form]) for form in form_types}

    def _paper(self, now: datetime, stages: Sequence[str] = (*TO_KEY, *TO_CONVERT)) -> list[Waiting]:
        sheets: Sequence[SheetSeen] = self.paper.sheets(stages)
        return [waiting(sheet, self.book.clocks, now) for sheet in sheets]

    def _ask(self, key: str, command: ClaimItem | VerifyItem | ReopenItem) -> ItemState:
        stream = item_stream(key)
        if self.desk.load(ITEM, stream)[1] == 0:
            raise NotFound("backlog item", key, (item.key for item in open_items(self.desk.journal.engine)))
        self.desk.ask(ITEM, stream, command)
        return self.desk.state(ITEM, stream)


def _as_item(item: Waiting) -> OpenItem:
    return OpenItem(item.id, item.form_type, item.grade, item.since, item.due_at)


def _as_waiting(item: OpenItem) -> Waiting:
    return Waiting(item.key, item.item_type, item.tier, item.occurred_at, item.due_at)
