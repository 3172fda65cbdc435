"""The journal as a page for auditors: every fact in order, read-only, each with an address of its own (`#p123`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from cutover.core.clock import show
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem
from cutover.core.event import Event, Recorded
from cutover.store.journal import Journal
from cutover.web.kit import KIT, Page, Query
from cutover.web.words import moment

FACTS = 200  # on one page
_LONGEST = 90  # letters of one value in a summary
_TIME = "%a %d %b %H:%M:%S %Z"


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact as a line: `learnt` is when it was recorded, where that is not when it happened."""

    position: int
    at: str
    learnt: str
    actor: str
    kind: str
    stream: str
    summary: str


@dataclass(frozen=True, slots=True)
class JournalPage:
    """What `journal.html` reads."""

    zone: str
    stream: str
    lines: tuple[FactLine, ...]
    head: str
    older: str
    newer: str


def journal_page(journal: Journal, zone: str) -> Page:
    """`/journal?after=&stream=`: without `after`, the newest facts."""

    def build(query: Query) -> JournalPage:
        return _build(journal, zone, query.get("stream", ""), query.get("after", ""))

    return Page("/journal", KIT, "journal.html", JournalPage, build, label="Journal")


def fact_line(fact: Recorded, zone: str) -> FactLine:
    """A fact as people of `zone` read it."""
    late = fact.recorded_at.replace(microsecond=0) != fact.at.replace(microsecond=0)
    learnt = show(fact.recorded_at, zone, _TIME) if late else ""
    return FactLine(
        fact.position,
        show(fact.at, zone, _TIME),
        learnt,
        fact.actor,
        fact.event.kind(),
        fact.stream,
        summary(fact.event, zone),
    )


def summary(event: Event, zone: str) -> str:
    """The body of any event on one line: times in `zone`, long values cut, nested ones counted, personal ones withheld."""
    body = {name: getattr(event, name) for name in type(event).model_fields}
    said = {
        name: ("withheld" if value else "") if name in event.personal else _brief(value, zone)
        for name, value in body.items()
    }
    return " · ".join(f"{name.replace('_', ' ')}: {text}" for name, text in said.items() if text)


def _brief(value: Any, zone: str) -> str:
    if isinstance(value, Mapping):
        return _several([f"{name} {_brief(v, zone)}" for name, v in value.items()])
    if isinstance(value, tuple | list):
        return _several([_brief(v, zone) for v in value])
    text = moment(value, zone) if isinstance(value, datetime) else _plain(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case timedelta():
            return show_duration(value)
        case float():
            return f"{value:.4g}"
        case BaseModel():
            return "(details)"
    return str(value)


def _several(parts: Sequence[str]) -> str:
    text = ", ".join(parts)
    return text if len(text) <= _LONGEST else f"({len(parts)} entries)"


def _build(journal: Journal, zone: str, stream: str, after: str) -> JournalPage:
    if after and not after.isdecimal():
        raise Invalid(Problem(f"'{after}' is not a position", field="after", expected="a whole number"))
    head = journal.head()
    facts = journal.read(stream) if stream else []
    if after:
        start = int(after)
        page = [f for f in facts if f.position > start][:FACTS] if stream else journal.tail(start, FACTS)
    else:
        page = facts[-FACTS:] if stream else journal.tail(max(0, head.position - FACTS), FACTS)
    first, last = (page[0].position, page[-1].position) if page else (1, head.position)
    end = facts[-1].position if facts else head.position
    return JournalPage(
        zone,
        stream,
        tuple(fact_line(fact, zone) for fact in page),
        str(head),
        str(max(0, first - 1 - FACTS)) if first > (facts[0].position if facts else 1) else "",
        str(last) if last < end else "",
    )
