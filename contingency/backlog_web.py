"""The backlog as pages: what waits and since when, what comes next and why, one kind's list, one item's life.

The order is that of `cutover backlog next`: the page asks the same service. Nothing leaves a list here without the
reference that proves it, and not by the hand of whoever claimed it.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from contingency.backlog_charts import Clearing, clearing
from contingency.backlogs import TODAY, BacklogService
from contingency.domain.backlog import ItemStage, item_stream
from contingency.domain.staffing import Staff, Staffing
from contingency.domain.triage import Grade, Ranked, Waiting
from contingency.register import Item, item_of
from cutover.core.clock import Clock
from cutover.core.errors import Invalid, NotFound, Problem
from cutover.web.kit import Page, Query
from cutover.web.visitor import visitor_of
from cutover.web.words import lasting, moment

PACKAGE = "contingency"
SHOWN_NEXT, SHOWN_LISTED = 15, 100
LOOKS: dict[Grade, tuple[str, str, str]] = {
    Grade.HIGH: ("bad", "▲", "high risk"),
    Grade.MEDIUM: ("warn", "◆", "medium risk"),
    Grade.STANDARD: ("idle", "■", "standard risk"),
}
STAGES: dict[ItemStage, tuple[str, str, str]] = {
    ItemStage.OPEN: ("warn", "○", "open"),
    ItemStage.REOPENED: ("bad", "↺", "reopened"),
    ItemStage.CLAIMED: ("busy", "◐", "claimed, not verified"),
    ItemStage.CLOSED: ("ok", "✓", "verified"),
}
Look = tuple[str, str, str]
ON_PAPER: Look = ("busy", "✎", "on paper")


@dataclass(frozen=True, slots=True)
class NextLine:
    """One place of the order; `link` leads to the item, or to the life of the sheet of paper."""

    place: int
    id: str
    kind: str
    look: Look
    why: str
    by_floor: bool
    link: str


@dataclass(frozen=True, slots=True)
class AgeLine:
    """One kind at one risk: how many wait, the oldest, how many are late."""

    kind: str
    look: Look
    waiting: str
    oldest: str
    which: str
    late: str
    is_late: bool
    link: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Other keyers, other minutes a form; 0: as it is."""

    keyers: float = 0
    minutes: float = 0

    def __bool__(self) -> bool:
        return bool(self.keyers or self.minutes)

    def __str__(self) -> str:
        parts = (
            f"{self.keyers:g} {'keyer' if self.keyers == 1 else 'keyers'}" if self.keyers else "",
            f"{self.minutes:g} minutes a form" if self.minutes else "",
        )
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class BacklogPage:
    """What `backlog.html` reads."""

    now: str
    waiting: str
    oldest: AgeLine | None
    gravest: AgeLine | None
    late: str
    next: tuple[NextLine, ...]
    lines: tuple[AgeLine, ...]
    clearing: Clearing | None
    what_if: Clearing | None
    asked: WhatIf


@dataclass(frozen=True, slots=True)
class ItemLine:
    key: str
    stage: Look
    waits: str
    due: str
    is_late: bool
    owner: str
    source: str
    link: str


@dataclass(frozen=True, slots=True)
class KindPage:
    """What `backlog_kind.html` reads: one kind at one risk, a hundred at a time; `unlisted` sheets wait besides."""

    kind: str
    look: Look
    lines: tuple[ItemLine, ...]
    more: str
    unlisted: int


@dataclass(frozen=True, slots=True)
class ItemPage:
    """What `backlog_item.html` reads: one item, why it is not next, and what may be done with it."""

    item: Item
    kind: str
    look: Look
    stage: Look
    waits: str
    due: str
    found: str
    why: str
    before: tuple[tuple[str, str], ...]
    journal: str
    may_act: bool


def backlog_pages(
    service: BacklogService, zone: str, clock: Clock, staff: Callable[[], Staff] = lambda: Staffing(0)
) -> list[Page]:
    """`/backlog` and what is behind it. `staff`: who keys, for the forecast; nobody shows none."""

    def backlog(query: Query) -> BacklogPage:
        return _backlog(service, zone, clock.now(), staff(), _asked(query))

    def kind(query: Query) -> KindPage:
        return _kind(service, query, zone, clock.now())

    def item(query: Query) -> ItemPage:
        return _item(service, query, zone, clock.now())

    return [
        Page("/backlog", PACKAGE, "backlog.html", BacklogPage, backlog, label="Backlog"),
        Page("/backlog/item", PACKAGE, "backlog_item.html", ItemPage, item),
        Page("/backlog/{tier}/{kind}", PACKAGE, "backlog_kind.html", KindPage, kind),
    ]


def item_link(key: str) -> str:
    return f"/backlog/item?key={quote(key, safe='')}"


def sheet_link(serial: str) -> str:
    return f"/sheet?serial={quote(serial, safe='')}"


def _asked(query: Query) -> WhatIf:
    """What somebody asks of the forecast. Raises Invalid for what is no number, or one that cannot be."""
    numbers = {}
    for name, most in (("keyers", 10_000), ("minutes", 1_000)):
        text = query.get(name, "").strip()
        try:
            numbers[name] = float(text) if text else 0.0
        except ValueError:
            numbers[name] = -1.0
        if not 0 <= numbers[name] <= most:
            raise Invalid(Problem(f"'{text}' is no number of {name}", field=name, expected=f"0 to {most:,}"))
    return WhatIf(numbers["keyers"], numbers["minutes"])


def _foreseen(
    service: BacklogService, zone: str, now: datetime, staff: Staff, asked: WhatIf
) -> tuple[Clearing | None, Clearing | None]:
    """As it is staffed and timed, with what arrived in the last day; and as somebody asks, where they do."""
    arrivals = service.arrivals(now, TODAY)
    is_staffed = staff.minutes_a_day > 0
    now_ = clearing(service.forecast(staff, arrivals=arrivals), now, zone) if is_staffed else None
    if not asked or not (is_staffed or asked.keyers):
        return now_, None
    then = service.forecast(asked.keyers or staff, arrivals=arrivals, minutes=asked.minutes or None)
    return now_, clearing(then, now, zone)


def _backlog(service: BacklogService, zone: str, now: datetime, staff: Staff, asked: WhatIf) -> BacklogPage:
    found = service.status(now)
    ages = {
        id(line): _age(line.item_type, line.tier, line.waiting, line.oldest_age, line.oldest, line.late)
        for line in found.lines
    }
    lines = tuple(ages.values())
    gravest = found.gravest
    foreseen, what_if = _foreseen(service, zone, now, staff, asked)
    places = service.next(SHOWN_NEXT, now)
    registered = service.registered([ranked.item.id for ranked in places])
    return BacklogPage(
        now=moment(now, zone),
        waiting=f"{found.waiting:,}",
        oldest=lines[0] if lines else None,
        gravest=ages[id(gravest)] if gravest else None,
        late=f"{sum(line.late for line in found.lines):,}",
        next=tuple(_next(ranked, registered) for ranked in places),
        lines=lines,
        clearing=foreseen,
        what_if=what_if,
        asked=asked,
    )


def _age(kind: str, tier: Grade, waiting: int, oldest: timedelta, which: str, late: int) -> AgeLine:  # noqa: PLR0917  the columns of one line
    link = f"/backlog/{tier}/{quote(kind, safe='')}"
    return AgeLine(
        _words(kind), LOOKS[tier], f"{waiting:,}", lasting(oldest), which, f"{late:,}", late > 0, link
    )


def _next(ranked: Ranked, registered: Container[str]) -> NextLine:
    item = ranked.item
    link = (item_link if item.id in registered else sheet_link)(item.id)
    return NextLine(
        ranked.place, item.id, _words(item.form_type), LOOKS[item.grade], ranked.why, ranked.by_floor, link
    )


def _kind(service: BacklogService, query: Query, zone: str, now: datetime) -> KindPage:
    if query["tier"] not in tuple(Grade):
        raise NotFound("risk", query["tier"], tuple(Grade))
    tier, kind = Grade(query["tier"]), query["kind"]
    items = service.items(tier, kind, after=query.get("after", ""), limit=SHOWN_LISTED + 1)
    lines = tuple(_line(item, zone, now) for item in items[:SHOWN_LISTED])
    last = quote(lines[-1].key, safe="") if len(items) > SHOWN_LISTED else ""
    more = f"/backlog/{tier}/{quote(kind, safe='')}?after={last}" if last else ""
    sheets = [] if more else service.sheets(tier, kind)
    room = SHOWN_LISTED - len(lines)
    paper = tuple(_sheet_line(sheet, zone, now) for sheet in sheets[:room])
    return KindPage(_words(kind), LOOKS[tier], (*lines, *paper), more, len(sheets) - len(paper))


def _sheet_line(sheet: Waiting, zone: str, now: datetime) -> ItemLine:
    late = sheet.due_at is not None and sheet.due_at <= now
    return ItemLine(
        sheet.id, ON_PAPER, lasting(now - sheet.since), moment(sheet.due_at, zone), late, "whoever keys it", "a sheet of paper",
        sheet_link(sheet.id),
    )  # fmt: skip


def _line(item: Item, zone: str, now: datetime) -> ItemLine:
    late = item.due_at is not None and item.due_at <= now
    waits = lasting(now - item.occurred_at)
    return ItemLine(
        item.key, STAGES[item.stage], waits, moment(item.due_at, zone), late, item.owner, item.source, item_link(item.key)
    )  # fmt: skip


def _item(service: BacklogService, query: Query, zone: str, now: datetime) -> ItemPage:
    key = query.get("key", "")
    item = item_of(service.desk.journal.engine, key)
    if item is None:
        raise NotFound("backlog item", key)
    place = service.why(key, now) if item.stage is not ItemStage.CLOSED else None
    return ItemPage(
        item=item,
        kind=_words(item.item_type),
        look=LOOKS[item.tier],
        stage=STAGES[item.stage],
        waits=lasting(now - item.occurred_at),
        due=moment(item.due_at, zone),
        found=f"{moment(item.found_at, zone)} by {item.found_by}, from {item.source}",
        why=place.why if place else "",
        before=tuple((reason, f"{n:,}") for reason, n in place.before.items()) if place else (),
        journal=item_stream(key),
        may_act=visitor_of(query).may_act,
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
