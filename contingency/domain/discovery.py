"""How rows of somebody's system become items of the register: which column says what, and what cannot be read.

A row that cannot be read is named and left out, and the others are entered: one bad line must not hide the rest.
A row without a risk is high until somebody has assessed it; a date without a zone is read in the programme's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from pydantic import Field, model_validator

from contingency.domain.backlog import FindItem
from contingency.domain.triage import Grade
from cutover.core.clock import to_utc
from cutover.core.errors import Invalid
from cutover.domain.programme import Id, Part

LONGEST_KEY = 180


class Columns(Part):
    """Which column holds what; '' where there is none."""

    key: str = "key"
    occurred_at: str = "occurred_at"
    tier: str = "tier"
    item_type: str = "item_type"
    due_at: str = "due_at"
    component: str = "component"
    owner: str = "owner"


class Discovery(Part):
    """Where items that wait are looked for: a query of queries/ or a CSV file, and what its columns mean."""

    id: Id
    title: str = ""
    query: str = Field(
        default="", description="the id of a query; its rows are read in the order of its columns"
    )
    csv: str = Field(default="", description="a file, beside the programme or anywhere")
    item_type: str = Field(default="", description="the kind of every row, where no column says it")
    tier: Grade | None = Field(
        default=None, description="the risk of every row that says none; not given: high"
    )
    component: str = ""
    owner: str = ""
    standard: str = Field(
        default="", description="the service standard by which an item without a limit is due"
    )
    columns: Columns = Columns()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.query and self.csv:
            raise ValueError(f"{self.id}: give a query or a csv, not both")
        return self


@dataclass(frozen=True, slots=True)
class Read:
    """What rows came to: items by key, and the rows that could not be read, with why."""

    items: Mapping[str, FindItem]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows are read: the programme's zone and standards, who looked, when, and in what."""

    zone: str
    standards: Mapping[str, timedelta]
    by: str
    now: datetime
    source: str


def read_rows(rows: Iterable[Mapping[str, Any]], how: Discovery, place: Place) -> Read:
    """Every row that can be read, under its key; a key that is there twice is entered once and said."""
    items: dict[str, FindItem] = {}
    faults: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            key, item = _item(row, how, place)
        except (ValueError, Invalid) as error:
            faults.append(f"row {number}: {error}")
            continue
        if key in items:
            faults.append(f"row {number}: key '{key}' is there twice")
        items.setdefault(key, item)
    return Read(items, tuple(faults))


def _item(row: Mapping[str, Any], how: Discovery, place: Place) -> tuple[str, FindItem]:
    names = how.columns
    key, kind = _text(row, names.key), _text(row, names.item_type) or how.item_type
    if not key or len(key) > LONGEST_KEY:
        raise ValueError(f"no key of 1 to {LONGEST_KEY} letters in column '{names.key}'")
    if not kind:
        raise ValueError(f"nothing says what kind of item '{key}' is")
    occurred = _moment(row, names.occurred_at, place.zone)
    if occurred is None:
        raise ValueError(f"nothing says since when '{key}' waits (column '{names.occurred_at}')")
    if occurred > place.now:
        raise ValueError(f"'{key}' is of {occurred:%Y-%m-%d %H:%M}Z, which is still to come")
    due = _moment(row, names.due_at, place.zone)
    if due is None and (standard := place.standards.get(how.standard or kind)):
        due = occurred + standard
    return f"{kind}/{key}", FindItem(
        by=place.by, item_type=kind, tier=_tier(row, how), occurred_at=occurred, source=place.source, due_at=due,
        component=_text(row, names.component) or how.component, upstream_key=key, owner=_text(row, names.owner) or how.owner,
    )  # fmt: skip


def _tier(row: Mapping[str, Any], how: Discovery) -> Grade:
    """Not assessed is high until somebody has looked, unless the discovery says what its rows are."""
    text = _text(row, how.columns.tier).casefold()
    if not text:
        return how.tier or Grade.HIGH
    if text not in tuple(Grade):
        raise ValueError(f"risk '{text}' is none of {', '.join(Grade)}")
    return Grade(text)


def _text(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).strip()


def _moment(row: Mapping[str, Any], column: str, zone: str) -> datetime | None:
    value = row.get(column)
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip()) if value.strip() else None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ValueError(f"'{value}' in column '{column}' is no moment")  # noqa: TRY004  it is the row that is wrong
    return to_utc(value, zone)
