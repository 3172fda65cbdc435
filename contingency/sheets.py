"""From sheets of paper to things that wait: their clocks, their place in the order, the record they will become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from contingency.domain.clocks import ClockRules, StatutoryClock, clocks_of, next_due
from contingency.domain.duplicates import Sighting
from contingency.domain.triage import Waiting, grade_of
from contingency.rooms import Held, Outgoing, SheetSeen


def waiting(sheet: SheetSeen, rules: ClockRules, now: datetime) -> Waiting:
    """A sheet as triage sees it: it waits since the event happened, and its first running clock is its deadline."""
    first = next_due(sheet_clocks(sheet, rules))
    since = min(sheet.occurred_at or now, now)
    due_at, due_for = (first.due_at, first.title) if first else (None, "")
    return Waiting(sheet.serial, sheet.form_type, grade_of(sheet.grade or ""), since, due_at, due_for)


def sheet_clocks(sheet: SheetSeen, rules: ClockRules) -> tuple[StatutoryClock, ...]:
    """The clocks that a sheet carries, from the times written on it."""
    return clocks_of(rules, sheet.form_type, moments_of(sheet))


def moments_of(sheet: SheetSeen) -> dict[str, datetime]:
    """Every time that is written on a sheet, by its name."""
    times = {name: at for name, value in sheet.values.items() if (at := _moment(value))}
    return times | {name: at for name in ("occurred_at", "written_at") if (at := getattr(sheet, name))}


def outgoing(sheet: SheetSeen, by: str) -> Outgoing:
    """The record a sheet becomes. For one serial and one `by` it is always the same."""
    return Outgoing(sheet.serial, sheet.form_type, _occurred(sheet), by, _person(sheet), dict(sheet.values))


def sighting(sheet: SheetSeen) -> Sighting:
    person = _person(sheet)
    return _sighting(sheet.serial, sheet.form_type, person, _occurred(sheet))


def held_sightings(records: Iterable[Held]) -> tuple[Sighting, ...]:
    return tuple(_sighting(r.reference, r.form_type, r.person, r.occurred_at) for r in records)


def _sighting(ref: str, form_type: str, person: Mapping[str, str], at: datetime) -> Sighting:
    return Sighting(
        ref, form_type, person.get("surname", ""), person.get("forename", ""), person.get("dob", ""), at
    )


def _person(sheet: SheetSeen) -> dict[str, str]:
    named = sheet.person
    if named is None:
        return {}
    written = {
        "surname": named.surname,
        "forename": named.forename,
        "dob": named.dob.isoformat() if named.dob else "",
    }
    return {name: value for name, value in written.items() if value}


def _occurred(sheet: SheetSeen) -> datetime:
    at = sheet.occurred_at or sheet.written_at
    assert at is not None
    return at.astimezone(UTC)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        at: datetime | None = value
    else:
        try:
            at = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            at = None
    return at if at is not None and at.tzinfo is not None else None
