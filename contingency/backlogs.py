"""What waits, in which order, and when it will be done: the register of items and the pile of paper together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from contingency import register
from contingency.domain.backlog import (
    ITEM,
    Age,
    AssignItem,
    ClaimItem,
    FindItem,
    ItemStage,
    ItemState,
    OpenItem,
    ReopenItem,
    VerifyItem,
    ageing,
    item_stream,
)
from contingency.domain.clearance import Counts, Effort, Forecast, effort, forecast
from contingency.domain.staffing import PRODUCTIVE_HOURS, Staff, Staffing
from contingency.domain.triage import (
    RANK,
    Grade,
    Ranked,
    Waiting,
    harm_key,
    is_past_floor,
    order,
    reason,
)
from contingency.files import PlayBook
from contingency.pile import Pile
from contingency.register import Item
from contingency.rooms import SheetSeen, Stationery
from contingency.sheets import waiting
from cutover.core.errors import NotFound
from cutover.store.desk import Ask, Desk

TO_KEY = ("used", "live", "returned", "keyed_once", "keyed_twice", "discrepant")
TO_CONVERT = ("verified",)
WAITING = (*TO_KEY, *TO_CONVERT)  # somebody wrote on it, and it is not in the target yet
KEYED = ("keyed_twice", "discrepant", "verified", "disposed")  # all their passes are done
UNPLANNED_MINUTES = 25.0
RECENT = timedelta(days=7)  # what arrived in it says how much arrives a day
TODAY = timedelta(days=1)  # while the window is open, yesterday is another world


@dataclass(frozen=True, slots=True)
class BacklogStatus:
    """The oldest first: every kind of item and form that waits, by risk."""

    at: datetime
    lines: tuple[Age, ...]
    waiting: int

    @property
    def gravest(self) -> Age | None:
        """The line of the highest risk, and of those the one with the oldest item."""
        return min(self.lines, key=lambda line: (RANK[line.tier], -line.oldest_age), default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """Why one item stands where it stands: how many come before it, by the reason why they do."""

    key: str
    why: str
    before: dict[str, int]

    @property
    def ahead(self) -> int:
        return sum(self.before.values())


class BacklogService:
    """The register of what waits. `minutes`: planned minutes for all passes of a form, by type."""

    def __init__(
        self, desk: Desk, plays: PlayBook, paper: Stationery, minutes: Mapping[str, float] | None = None
    ) -> None:
        self.desk = desk
        self.book = plays
        self.paper = paper
        self.minutes = {**plays.minutes, **(minutes or {})}
        self._pile = Pile(desk.journal, paper, WAITING, self._as_waiting)
        self._timed = Pile(desk.journal, paper, KEYED, lambda sheet: (sheet.form_type, sheet.minutes))

    def find(self, items: Mapping[str, FindItem]) -> list[str]:
        """Enter items under their keys, all or none; those already entered are left as they are."""
        known = register.known_keys(self._engine, items)
        fresh = [key for key in items if key not in known]
        self.desk.ask_all([Ask(ITEM, item_stream(key), items[key]) for key in fresh])
        return fresh

    def assign(self, key: str, *, by: str, owner: str) -> ItemState:
        return self._ask(key, AssignItem(by=by, owner=owner))

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
        lines = [*register.ages(self._engine, at), *ageing((_as_item(w) for w in self._paper()), at)]
        lines.sort(key=lambda line: (-line.oldest_age, RANK[line.tier], line.item_type))
        return BacklogStatus(at, tuple(lines), sum(line.waiting for line in lines))

    def next(self, limit: int = 10, now: datetime | None = None) -> list[Ranked]:
        """What to do next, and why: register items and sheets in one order, however long the register is."""
        at = now or self.desk.clock.now()
        heads = register.heads(self._engine, self.book.triage, at, limit)
        items = [*(_as_waiting(item) for item in heads), *self._paper()]
        return order(items, at, self.book.triage, limit=limit)

    def items(self, tier: Grade, item_type: str, *, after: str = "", limit: int = 100) -> list[Item]:
        """The open items of one kind and risk in their order, from the one behind `after`."""
        return register.listed(self._engine, tier, item_type, after=after, limit=limit)

    def registered(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that are items of the register; what else waits is a sheet of paper."""
        return register.known_keys(self._engine, keys)

    def sheets(self, tier: Grade, form_type: str) -> list[Waiting]:
        """The sheets of one kind and risk that wait, in the order in which they are done."""
        rules = self.book.triage
        mine = (sheet for sheet in self._paper() if sheet.grade == tier and sheet.form_type == form_type)
        return sorted(mine, key=lambda sheet: harm_key(sheet, rules))

    def why(self, key: str, now: datetime | None = None) -> Place:
        """Why an item or sheet is not next: what comes before it by harm, limit and age. Raises NotFound."""
        at, rules = now or self.desk.clock.now(), self.book.triage
        item, paper = register.item_of(self._engine, key), self._paper()
        waits = [sheet for sheet in paper if sheet.id == key]
        if item is not None and item.stage is not ItemStage.CLOSED:
            waits = [Waiting(key, item.item_type, item.tier, item.occurred_at, item.due_at)]
        if not waits:
            raise NotFound("waiting item", key, [sheet.id for sheet in paper])
        mine = harm_key(waits[0], rules)
        before = register.before(self._engine, rules, waits[0])
        before["on paper, graver or due sooner"] = sum(harm_key(sheet, rules) < mine for sheet in paper)
        return Place(key, reason(waits[0], at, rules, by_floor=is_past_floor(waits[0], at, rules)), before)

    def forecast(
        self,
        staff: float | Staff,
        *,
        productive_hours: float = PRODUCTIVE_HOURS,
        arrivals: Counts | None = None,
        minutes: float | None = None,
    ) -> Forecast:
        """When what is still to key will be keyed by so many keyers, or by those of a roster.

        `arrivals`: forms a day by risk and type; `minutes`: what if each took so long.

        Items of the register count where the programme says how many minutes one of their kind takes.
        """
        at = self.desk.clock.now()
        counts: dict[Grade, Counter[str]] = defaultdict(Counter)
        for item in self._paper(TO_KEY):
            counts[item.grade][item.form_type] += 1
        for line in register.ages(self._engine, at) if self.book.minutes else ():
            if line.item_type in self.book.minutes:
                counts[line.tier][line.item_type] += line.waiting
        types = {form for group in (*counts.values(), *(arrivals or {}).values()) for form in group}
        efforts = self._efforts(types) if minutes is None else dict.fromkeys(types, effort(minutes, ()))
        keys = Staffing(staff, productive_hours) if isinstance(staff, float | int) else staff
        return forecast(counts, efforts, keys, arrivals, at)

    def arrivals(self, now: datetime | None = None, over: timedelta = RECENT) -> Counts:
        """How many a day came in of late, by risk and kind: those that happened within `over` and still wait or are done."""
        at = now or self.desk.clock.now()
        days = over / timedelta(days=1)
        counts: dict[Grade, Counter[str]] = defaultdict(Counter)
        for tier, kind, n in register.arrived(self._engine, at - over, at):
            if kind in self.book.minutes:
                counts[tier][kind] += n
        for seen in self.paper.sheets((*WAITING, "disposed")):
            sheet = waiting(seen, self.book.clocks, at)
            counts[sheet.grade][sheet.form_type] += at - over < sheet.since
        return {tier: {kind: n / days for kind, n in kinds.items()} for tier, kinds in counts.items()}

    @property
    def _engine(self) -> Engine:
        return self.desk.journal.engine

    def _efforts(self, form_types: Iterable[str]) -> dict[str, Effort]:
        timed: dict[str, list[float]] = defaultdict(list)
        for form_type, minutes in self._timed.read():
            if minutes > 0:
                timed[form_type].append(minutes)
        return {form: effort(self.minutes.get(form, UNPLANNED_MINUTES), timed[form]) for form in form_types}

    def _paper(self, stages: Sequence[str] = WAITING) -> list[Waiting]:
        return self._pile.read(stages)

    def _as_waiting(self, sheet: SheetSeen) -> Waiting:
        return waiting(sheet, self.book.clocks, self.desk.clock.now())

    def _ask(self, key: str, command: AssignItem | ClaimItem | VerifyItem | ReopenItem) -> ItemState:
        stream = item_stream(key)
        if self.desk.load(ITEM, stream)[1] == 0:
            near = register.heads(self._engine, self.book.triage, self.desk.clock.now(), 200)
            raise NotFound("backlog item", key, (item.key for item in near))
        self.desk.ask(ITEM, stream, command)
        return self.desk.state(ITEM, stream)


def _as_item(item: Waiting) -> OpenItem:
    return OpenItem(item.id, item.form_type, item.grade, item.since, item.due_at)


def _as_waiting(item: OpenItem) -> Waiting:
    return Waiting(item.key, item.item_type, item.tier, item.occurred_at, item.due_at)
